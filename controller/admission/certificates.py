"""The certificates by which the API server knows our webhooks: made, and judged. Without I/O.

The same names and entries as MetalLB's, so that a Secret made by it is used on. Times are in UTC. Sources:
RFC 5280, Kubernetes' dynamic admission control (which names the API server asks for).
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

CA_CERTIFICATE, CA_KEY = "ca.crt", "ca.key"
CERTIFICATE, KEY = "tls.crt", "tls.key"
"""The Secret's entries."""
CA_LIFE = timedelta(days=3650)
SERVER_LIFE = timedelta(days=365)
SKEW = timedelta(hours=1)
"""How far an API server's clock may be behind ours."""
SPENT = 2 / 3
"""Of its life, after which a certificate is made anew."""

_UNFIT: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises for what is not as it should be."""

_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
"""Those that the API server (Go's crypto/x509) knows."""
Signer = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_AUTHORITY: Final = x509.Name(
    [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "metallb"),
        x509.NameAttribute(NameOID.COMMON_NAME, "cert"),
    ]
)
_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)


class Pair(Struct, frozen=True):
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Pair(not shown)"


class Keys(Struct, frozen=True):
    """What we serve with, and who signed it. `authority.key` may be empty: then it signs nothing more."""

    authority: Pair
    server: Pair

    @classmethod
    def of(cls, data: Mapping[str, bytes]) -> Self | None:
        """The entries of a Secret; None where one is missing without which nothing can be served."""
        authority = Pair(data.get(CA_CERTIFICATE, b""), data.get(CA_KEY, b""))
        server = Pair(data.get(CERTIFICATE, b""), data.get(KEY, b""))
        return (
            cls(authority, server)
            if authority.certificate and all((server.certificate, server.key))
            else None
        )

    @property
    def data(self) -> dict[str, bytes]:
        """As entries of a Secret."""
        return {
            CA_CERTIFICATE: self.authority.certificate,
            CA_KEY: self.authority.key,
            CERTIFICATE: self.server.certificate,
            KEY: self.server.key,
        }


class Fault(StrEnum):
    """Why keys have to be made anew, as a clause. With DUE they serve on until they are."""

    ABSENT = "there are none"
    UNREADABLE = "an entry is no certificate or no key"
    UNSERVABLE = "tls.crt or tls.key is nothing that TLS can be served with"
    NOT_ITS_KEY = "tls.key is not the key of tls.crt"
    NOT_SIGNED = "tls.crt is not signed by ca.crt"
    WRONG_NAME = "tls.crt is for another name"
    NOT_YET_VALID = "a certificate is not valid yet"
    EXPIRED = "a certificate has expired"
    DUE = "a certificate has two thirds of its life behind it"


def judge(keys: Keys | None, name: str, now: datetime) -> Fault | None:
    """What is wrong with *keys* for serving as *name*, a DNS name; None where nothing is."""
    if keys is None:
        return Fault.ABSENT
    try:
        authority = x509.load_pem_x509_certificate(keys.authority.certificate)
        server = x509.load_pem_x509_certificate(keys.server.certificate)
        return (
            (None if bundled(keys.authority.certificate) else Fault.UNREADABLE)
            or (None if _fits(server, keys.server.key) else Fault.NOT_ITS_KEY)
            or (None if _signed(server, authority) else Fault.NOT_SIGNED)
            or (None if name in _names(server) else Fault.WRONG_NAME)
            or _worse(_age(authority, now), _age(server, now))
        )
    except _UNFIT:
        return Fault.UNREADABLE


def may_sign(authority: Pair, now: datetime) -> bool:
    """Whether *authority* can sign another certificate, and should, *now*."""
    try:
        certificate = x509.load_pem_x509_certificate(authority.certificate)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        return constraints.value.ca and _fits(certificate, authority.key) and _age(certificate, now) is None
    except _UNFIT:
        return False


def renewal(keys: Keys) -> datetime:
    """When the first of two certificates that were judged good is due."""
    both = (keys.authority.certificate, keys.server.certificate)
    return min(_spent(x509.load_pem_x509_certificate(each)) for each in both)


def bundled(pem: bytes) -> dict[bytes, datetime]:
    """The certificates in a bundle, each as PEM in one form, and when it ends. What is none is left out."""
    found: dict[bytes, datetime] = {}
    for block in _PEM.findall(pem):
        try:
            certificate = x509.load_pem_x509_certificate(block)
            found[certificate.public_bytes(serialization.Encoding.PEM)] = certificate.not_valid_after_utc
        except _UNFIT:
            continue
    return found


def make_authority(now: datetime) -> Pair:
    """A new certificate authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = _usage(key_cert_sign=True)
    extensions = (x509.BasicConstraints(ca=True, path_length=0), usage, identifier)
    return _issue(_AUTHORITY, key, (_AUTHORITY, key), extensions, (now - SKEW, now + CA_LIFE))


def make_server(authority: Pair, names: tuple[str, ...], now: datetime) -> Pair:
    """A new certificate for a server at the DNS *names*, signed by *authority*, which `may_sign`."""
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    signer, key = _private(authority.key), ec.generate_private_key(ec.SECP256R1())
    extensions = (
        x509.BasicConstraints(ca=False, path_length=None),
        _usage(digital_signature=True),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        x509.SubjectAlternativeName([x509.DNSName(name) for name in names]),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "metallb-webhook")])
    span = (now - SKEW, min(now + SERVER_LIFE, issuer.not_valid_after_utc))
    return _issue(subject, key, (issuer.subject, signer), extensions, span)


def service_names(service: str, namespace: str) -> tuple[str, ...]:
    """The DNS names of a Service, that which the API server asks for first."""
    return f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local", f"{service}.{namespace}"


def _issue(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Name, Signer],
    extensions: tuple[x509.ExtensionType, ...],
    span: tuple[datetime, datetime],
) -> Pair:
    name, signer = issuer
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=span[0],
        not_valid_after=span[1],
    )
    for each in extensions:
        builder = builder.add_extension(
            each, critical=isinstance(each, x509.BasicConstraints | x509.KeyUsage)
        )
    certificate = builder.sign(signer, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(certificate.public_bytes(serialization.Encoding.PEM), private)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign")
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        encipher_only=False,
        decipher_only=False,
        **dict.fromkeys(others, False),
    )


def _private(pem: bytes) -> Signer:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, Signer):
        raise ValueError(f"a key of {type(key).__name__} is not used")
    if isinstance(key, ec.EllipticCurvePrivateKey) and not isinstance(key.curve, _CURVES):
        raise ValueError(f"a key on curve {key.curve.name} is not used")
    return key


def _fits(certificate: x509.Certificate, key: bytes) -> bool:
    return certificate.public_key() == _private(key).public_key()


def _signed(server: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        server.verify_directly_issued_by(authority)
    except (InvalidSignature, *_UNFIT):
        return False
    return True


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return alternatives.value.get_values_for_type(x509.DNSName)


def _age(certificate: x509.Certificate, now: datetime) -> Fault | None:
    if now < certificate.not_valid_before_utc:
        return Fault.NOT_YET_VALID
    if now >= certificate.not_valid_after_utc:
        return Fault.EXPIRED
    return Fault.DUE if now >= _spent(certificate) else None


def _worse(one: Fault | None, other: Fault | None) -> Fault | None:
    return other if one in (None, Fault.DUE) and other is not None else one


def _spent(certificate: x509.Certificate) -> datetime:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begin + (end - begin) * SPENT
