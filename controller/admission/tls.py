"""How the webhooks' port speaks TLS, from MetalLB's flags, whose values are those of Kubernetes' programs.

What Python's ssl cannot do is refused, never passed over. Sources: Go's crypto/tls (names of cipher suites,
numbers of curves), OpenSSL's ciphers(1).
"""

import os
import ssl
from typing import Final

from msgspec import Struct

from controller.admission.certificates import Pair

VERSIONS: Final = {"VersionTLS12": ssl.TLSVersion.TLSv1_2, "VersionTLS13": ssl.TLSVersion.TLSv1_3}
SUITES: Final = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}
CURVES: Final = {"23": "prime256v1", "24": "secp384r1", "25": "secp521r1", "29": "X25519"}


class Tls(Struct, frozen=True):
    """Least version, cipher suites of TLS 1.2 and curve, by OpenSSL's names; empty: its own choice."""

    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: str = ""
    curve: str = ""

    def context(self, pair: Pair | None = None) -> ssl.SSLContext:
        """For a server that serves with *pair*. ssl.SSLError if it cannot."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = self.version
        if self.ciphers:
            made.set_ciphers(self.ciphers)
        if self.curve:
            made.set_ecdh_curve(self.curve)
        if pair is not None:
            _load(made, pair)
        return made


def read_tls(version: str, suites: str, curves: str) -> Tls:
    """From the flags' values. ValueError says which flag is wrong, and how."""
    least = VERSIONS.get(version or "VersionTLS13")
    if least is None:
        raise ValueError(f"--tls-min-version = {version!r}: it is one of {', '.join(VERSIONS)}")
    if suites and least is ssl.TLSVersion.TLSv1_3:
        raise ValueError(
            f"--tls-cipher-suites = {suites!r}: those of TLS 1.3 cannot be chosen. Leave it out, or set"
            " --tls-min-version=VersionTLS12."
        )
    ciphers = [_known("--tls-cipher-suites", each, SUITES) for each in _listed(suites)]
    named = [_known("--tls-curve-preferences", each, CURVES) for each in _listed(curves)]
    if len(named) > 1:
        raise ValueError(f"--tls-curve-preferences = {curves!r}: give one, or none for OpenSSL's own choice")
    return Tls(least, ":".join(ciphers), "".join(named))


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _known(flag: str, name: str, names: dict[str, str]) -> str:
    if name not in names:
        raise ValueError(f"{flag}: {name!r} is not supported; supported are {', '.join(names)}")
    return names[name]


def _load(context: ssl.SSLContext, pair: Pair) -> None:
    # ssl reads files only. This one is in memory: the key reaches no disk, and the root may be read-only.
    descriptor = os.memfd_create("keys", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(pair.certificate + b"\n" + pair.key)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=_no_password)
    finally:
        os.close(descriptor)


def _no_password() -> str:
    return ""  # else OpenSSL asks the terminal for that of an encrypted key
