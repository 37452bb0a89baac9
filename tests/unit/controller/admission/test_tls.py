import os
import ssl
from datetime import UTC, datetime

import pytest

from controller.admission.certificates import make_authority, make_server
from controller.admission.tls import Tls, read_tls


def test_without_flags_it_is_version_1_3():
    assert read_tls("", "", "") == Tls(ssl.TLSVersion.TLSv1_3)


def test_the_flags_reach_the_context():
    read = read_tls(
        "VersionTLS12",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "23",
    )
    context = read.context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    of_version_1_2 = [each["name"] for each in context.get_ciphers() if each["protocol"] == "TLSv1.2"]
    assert of_version_1_2 == ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(
            ("VersionTLS11", "", ""),
            "--tls-min-version = 'VersionTLS11': it is one of VersionTLS12, VersionTLS13",
            id="version",
        ),
        pytest.param(
            ("", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", ""),
            "--tls-cipher-suites = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256': those of TLS 1.3 cannot be"
            " chosen. Leave it out, or set --tls-min-version=VersionTLS12.",
            id="cipher suites of 1.3",
        ),
        pytest.param(
            ("VersionTLS12", "TLS_RSA_WITH_RC4_128_SHA", ""),
            "--tls-cipher-suites: 'TLS_RSA_WITH_RC4_128_SHA' is not supported; supported are ",
            id="cipher suite",
        ),
        pytest.param(
            ("", "", "X25519"),
            "--tls-curve-preferences: 'X25519' is not supported; supported are 23, 24, 25, 29",
            id="curve",
        ),
        pytest.param(
            ("", "", "29,23"),
            "--tls-curve-preferences = '29,23': give one, or none for OpenSSL's own choice",
            id="two curves",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_flag(given, message):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is what is looked at
        read_tls(*given)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("curve", ["23", "24", "25", "29"])
def test_each_curve_is_known_to_openssl(curve):
    read_tls("", "", curve).context()


def test_a_key_is_loaded_from_memory_and_no_descriptor_stays():
    now = datetime.now(UTC)
    pair = make_server(make_authority(now), ("service",), now)
    before = os.listdir("/proc/self/fd")
    Tls().context(pair)
    with pytest.raises(ssl.SSLError):
        Tls().context(type(pair)(pair.certificate, b"no key"))
    assert os.listdir("/proc/self/fd") == before
