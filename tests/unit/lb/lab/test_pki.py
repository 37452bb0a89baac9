import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from lb.lab.pki import Authority, signing_key


def loaded(pair):
    return x509.load_pem_x509_certificate(pair.certificate)


def test_what_an_authority_issues_is_signed_by_it_and_by_no_other():
    one, other = Authority("one"), Authority("one")
    issued = loaded(one.client("somebody"))
    issued.verify_directly_issued_by(loaded(one.pair))
    with pytest.raises(InvalidSignature):
        issued.verify_directly_issued_by(loaded(other.pair))


def test_a_client_is_a_user_in_a_group_and_no_server():
    issued = loaded(Authority("lab").client("system:node:n1", "system:nodes"))
    names = {
        oid: [attribute.value for attribute in issued.subject.get_attributes_for_oid(oid)]
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    }
    assert names == {NameOID.COMMON_NAME: ["system:node:n1"], NameOID.ORGANIZATION_NAME: ["system:nodes"]}
    usage = issued.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_server_is_known_by_names_and_by_addresses():
    issued = loaded(Authority("lab").server("api", ["kubernetes", "127.0.0.1", "fd00::1"]))
    hosts = issued.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    assert hosts.get_values_for_type(x509.DNSName) == ["kubernetes"]
    assert [str(ip) for ip in hosts.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "fd00::1"]


def test_a_certificate_comes_with_its_own_key():
    pair = Authority("lab").client("somebody")
    key = load_pem_private_key(pair.key, password=None)
    assert key.public_key().public_numbers() == loaded(pair).public_key().public_numbers()


def test_the_two_halves_of_a_signing_key_belong_together():
    private, public = signing_key()
    halves = load_pem_private_key(private, password=None), load_pem_public_key(public)
    assert halves[0].public_key().public_numbers() == halves[1].public_numbers()
