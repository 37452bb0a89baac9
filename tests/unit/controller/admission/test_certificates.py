import base64
import ssl
import warnings
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from controller.admission.certificates import (
    CA_LIFE,
    SERVER_LIFE,
    SKEW,
    Fault,
    Keys,
    Pair,
    bundled,
    judge,
    make_authority,
    make_server,
    may_sign,
    renewal,
    service_names,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
NAMES = service_names("metallb-webhook-service", "metallb-system")
NAME = "metallb-webhook-service.metallb-system.svc"
DAY = timedelta(days=1)


def keys(now=NOW, names=NAMES, authority=None):
    signer = authority or make_authority(now)
    return Keys(signer, make_server(signer, names, now))


def rsa_keys():
    """Keys as MetalLB makes them: RSA, PKCS#1, one name, a certificate without key identifiers."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cert")])
    pairs = []
    signer = None
    for ca in (True, False):
        key = rsa.generate_private_key(65537, 2048)
        builder = x509.CertificateBuilder(
            subject, subject, key.public_key(), 1 + ca, NOW - DAY, NOW + CA_LIFE
        )
        builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        signer = signer or key
        pem, old = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
        certificate = builder.sign(signer, hashes.SHA256()).public_bytes(pem)
        pairs.append(Pair(certificate, key.private_bytes(pem, old, serialization.NoEncryption())))
    return Keys(*pairs)


def self_signed(curve):
    """Its own authority, with a key on *curve*."""
    key, name = ec.generate_private_key(curve), x509.Name([])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - DAY, NOW + DAY)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=True)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pair = Pair(
        builder.sign(key, hashes.SHA256()).public_bytes(pem),
        key.private_bytes(pem, form, serialization.NoEncryption()),
    )
    return Keys(pair, pair)


GOOD = keys()
OTHER = keys()
OTHER_LABEL = GOOD.authority.certificate.replace(b" CERTIFICATE", b" X509 CERTIFICATE")


def test_new_keys_are_good():
    assert judge(GOOD, NAME, NOW) is None
    assert may_sign(GOOD.authority, NOW)


def test_keys_that_metallb_made_are_good_and_its_authority_signs_on():
    made = rsa_keys()
    assert judge(made, NAME, NOW) is None
    assert may_sign(made.authority, NOW)
    assert judge(keys(authority=made.authority), NAME, NOW) is None


def test_keys_are_the_secret_s_entries_and_back():
    assert Keys.of({**GOOD.data, "other": b"entry"}) == GOOD
    assert Keys.of({name: value for name, value in GOOD.data.items() if name != "ca.key"}) is not None


@pytest.mark.parametrize("missing", ["ca.crt", "tls.crt", "tls.key"])
def test_without_an_entry_there_are_no_keys(missing):
    assert Keys.of({**GOOD.data, missing: b""}) is None
    assert judge(None, NAME, NOW) is Fault.ABSENT


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        pytest.param(
            replace(GOOD, server=Pair(b"text", GOOD.server.key)), Fault.UNREADABLE, id="certificate"
        ),
        pytest.param(replace(GOOD, server=Pair(GOOD.server.certificate, b"?")), Fault.UNREADABLE, id="key"),
        pytest.param(self_signed(ec.SECP256K1()), Fault.UNREADABLE, id="a curve that Go does not know"),
        pytest.param(
            replace(GOOD, authority=Pair(OTHER_LABEL, b"")), Fault.UNREADABLE, id="a label Go does not know"
        ),
        pytest.param(
            replace(GOOD, server=Pair(GOOD.server.certificate, OTHER.server.key)),
            Fault.NOT_ITS_KEY,
            id="another's key",
        ),
        pytest.param(replace(GOOD, authority=OTHER.authority), Fault.NOT_SIGNED, id="another's authority"),
        pytest.param(keys(names=("elsewhere.svc",)), Fault.WRONG_NAME, id="another name"),
        pytest.param(keys(now=NOW + DAY), Fault.NOT_YET_VALID, id="of tomorrow"),
        pytest.param(keys(now=NOW - SERVER_LIFE), Fault.EXPIRED, id="at its end"),
        pytest.param(keys(now=NOW - SERVER_LIFE * 0.7), Fault.DUE, id="server near its end"),
        pytest.param(
            keys(authority=make_authority(NOW - CA_LIFE * 0.7)), Fault.DUE, id="authority near its end"
        ),
        pytest.param(
            Keys(old := make_authority(NOW - CA_LIFE * 0.7), make_server(old, NAMES, NOW - 2 * SERVER_LIFE)),
            Fault.EXPIRED,
            id="authority near its end, server past it",
        ),
    ],
)
def test_a_fault_is_told(wrong, fault):
    assert judge(wrong, NAME, NOW) is fault


def test_a_clock_may_be_behind_by_an_hour():
    assert judge(GOOD, NAME, NOW - SKEW) is None
    assert judge(GOOD, NAME, NOW - SKEW - timedelta(seconds=1)) is Fault.NOT_YET_VALID


def test_the_renewal_is_when_the_server_s_certificate_becomes_due():
    due = renewal(GOOD)
    assert judge(GOOD, NAME, due - timedelta(seconds=1)) is None
    assert judge(GOOD, NAME, due) is Fault.DUE
    assert NOW + SERVER_LIFE * 0.6 < due < NOW + SERVER_LIFE * 0.7


@pytest.mark.parametrize(
    "authority",
    [
        pytest.param(Pair(GOOD.authority.certificate, b""), id="without its key"),
        pytest.param(Pair(GOOD.authority.certificate, OTHER.authority.key), id="with another's key"),
        pytest.param(GOOD.server, id="of a server"),
        pytest.param(make_authority(NOW - CA_LIFE * 0.7), id="near its end"),
        pytest.param(Pair(b"", b""), id="empty"),
        pytest.param(
            Pair(
                GOOD.authority.certificate,
                ed25519.Ed25519PrivateKey.generate().private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                ),
            ),
            id="with a key of another algorithm",
        ),
    ],
)
def test_such_an_authority_signs_nothing_more(authority):
    assert not may_sign(authority, NOW)


def test_no_certificate_outlives_its_authority():
    old = make_authority(NOW - CA_LIFE + 10 * DAY)
    (end,) = bundled(make_server(old, NAMES, NOW).certificate).values()
    assert end == NOW + 10 * DAY


def test_of_a_bundle_the_certificates_are_found_among_whatever_else():
    one, two = GOOD.authority.certificate, OTHER.authority.certificate
    broken = one.replace(b"\nMI", b"\nXX", 1)
    assert list(bundled(b"# ours\n" + one + broken + b"\r\n" + two.replace(b"\n", b"\r\n"))) == [one, two]
    assert bundled(b"") == bundled(b"nonsense") == {}


def test_a_client_that_trusts_the_authority_accepts_the_server(tmp_path):
    served = tmp_path / "pair.pem"
    served.write_bytes(GOOD_NOW.server.certificate + GOOD_NOW.server.key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(served)
    client = ssl.create_default_context(cadata=GOOD_NOW.authority.certificate.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in NAMES:
        assert shake_hands(client, server, name) == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(client, server, "elsewhere.svc")


GOOD_NOW = keys(now=datetime.now(UTC))


def shake_hands(client, server, name):
    here, there = ssl.MemoryBIO(), ssl.MemoryBIO()
    asks = client.wrap_bio(here, there, server_hostname=name)
    answers = server.wrap_bio(there, here, server_side=True)
    for side in (asks, answers, asks, answers):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return answers.version()


@given(st.sampled_from(sorted(GOOD.data)), st.integers(0, 500), st.integers(1, 255))
def test_whatever_is_changed_in_an_entry_raises_nothing(entry, place, change):
    """Also where the change leaves the encoding whole, so that the content is what is wrong."""
    label, *lines, end = GOOD.data[entry].splitlines()
    broken = bytearray(base64.b64decode(b"".join(lines)))
    broken[place % len(broken)] ^= change
    pem = b"\n".join([label, base64.b64encode(bytes(broken)), end])
    changed = Keys.of({**GOOD.data, entry: pem})
    warnings.simplefilter("ignore")  # of cryptography, on a serial number that is negative
    may_sign(changed.authority, NOW)
    bundled(pem)
    assert judge(changed, NAME, NOW) in (None, *Fault)


def test_no_key_is_shown():
    assert repr(GOOD) == "Keys(authority=Pair(not shown), server=Pair(not shown))"
