import ssl

import pytest

from controller.admission.tls import Tls
from controller.settings import OnConflict, Settings, WebhookMode, WebhookSettings, read_settings
from lb.cluster.leadership import Timing

ENVIRONMENT = {"METALLB_NAMESPACE": "metallb-system"}


def test_the_namespace_is_enough():
    assert read_settings([], ENVIRONMENT) == Settings(
        "metallb-system", "controller", "memberlist", 17472, None, False, "info", None
    )


def test_flags_come_before_the_environment():
    environment = {
        "METALLB_NAMESPACE": "metallb-system",
        "METALLB_POD_NAME": "controller-1",
        "METALLB_ML_SECRET_NAME": "key",
    }
    assert read_settings([], environment).pod_name == "controller-1"
    assert read_settings([], environment).secret_name == "key"
    given = [
        "--namespace=lb",
        "--pod-name=controller-2",
        "--ml-secret-name=other",
        "--health-probe-port=8080",
        "--lb-class=anvil",
        "--share-across-namespaces",
        "--log-level=debug",
        "--kubeconfig=/etc/kubeconfig",
    ]
    assert read_settings(given, environment) == Settings(
        "lb", "controller-2", "other", 8080, "anvil", True, "debug", "/etc/kubeconfig"
    )


def test_addresses_in_conflict_are_reported_unless_they_are_to_be_set_aside():
    assert read_settings([], ENVIRONMENT).on_conflict is OnConflict.REPORT
    assert read_settings(["--on-conflict=quarantine"], ENVIRONMENT).on_conflict is OnConflict.QUARANTINE


def test_webhooks_are_served_as_the_flags_say():
    assert read_settings([], ENVIRONMENT).webhook == WebhookSettings()
    given = [
        "--webhook-mode=onlywebhook",
        "--webhook-port=10250",
        "--cert-service-name=admission",
        "--webhook-secret=keys",
        "--disable-cert-rotation",
        "--cert-dir=/keys",
        "--tls-min-version=VersionTLS12",
        "--webhook-http2=false",
    ]
    assert read_settings(given, ENVIRONMENT).webhook == WebhookSettings(
        WebhookMode.ONLY, 10250, "admission", "keys", "/keys", Tls(ssl.TLSVersion.TLSv1_2)
    )


@pytest.mark.parametrize(
    ("given", "mounted"),
    [
        pytest.param([], None, id="not given"),
        pytest.param(["--disable-cert-rotation=false"], None, id="false"),
        pytest.param(["--disable-cert-rotation=true"], "/tmp/k8s-webhook-server/serving-certs", id="true"),
        pytest.param(["--disable-cert-rotation"], "/tmp/k8s-webhook-server/serving-certs", id="given"),
    ],
)
def test_keys_are_mounted_only_where_they_are_not_to_be_made(given, mounted):
    assert read_settings(given, ENVIRONMENT).webhook.mounted == mounted


def test_the_lease_is_held_as_the_flags_say():
    given = ["--lease-duration=60", "--renew-deadline=40", "--retry-period=5.5"]
    assert read_settings(given, ENVIRONMENT).timing == Timing(60, 40, 5.5)
    assert read_settings([], ENVIRONMENT).timing == Timing(15, 10, 2)


@pytest.mark.parametrize(
    ("given", "identity"),
    [
        pytest.param(["--pod-name=c-1"], "c-1", id="name"),
        pytest.param(["--pod-name=c-1", "--pod-uid=7"], "c-1_7", id="name and uid"),
    ],
)
def test_a_process_is_elected_by_the_name_and_the_uid_of_its_pod(given, identity):
    assert read_settings(given, ENVIRONMENT).identity == identity


def test_the_own_pod_is_known_by_its_uid():
    environment = ENVIRONMENT | {"METALLB_POD_UID": "1-2"}
    assert read_settings([], environment).pod_uid == "1-2"
    assert read_settings(["--pod-uid=3"], environment).pod_uid == "3"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--port=1"], "unrecognized arguments: --port=1", id="unknown flag"),
        pytest.param(
            ["--log-level=loud"],
            "argument --log-level: invalid choice: 'loud' (choose from ",
            id="log level",
        ),
        pytest.param(
            ["--health-probe-port=http"],
            "argument --health-probe-port: invalid int value: 'http'",
            id="port by name",
        ),
        pytest.param(
            ["--webhook-mode=on"], "argument --webhook-mode: invalid choice: 'on' (choose from ", id="mode"
        ),
        pytest.param(
            ["--webhook-http2=maybe"],
            "argument --webhook-http2: 'maybe' is neither true nor false",
            id="switch",
        ),
        pytest.param(
            ["--renew-deadline=20"],
            "the lease lasts 15 s, its holder has 20 s to renew it and tries every 2 s. Let each be longer "
            "than the next, and all longer than 0.",
            id="times of the lease",
        ),
        pytest.param(
            ["--tls-min-version=TLS13"],
            "--tls-min-version = 'TLS13': it is one of VersionTLS12, VersionTLS13",
            id="TLS",
        ),
    ],
)
def test_what_is_wrong_is_refused_with_the_flag_and_the_value(capsys, arguments, message):
    with pytest.raises(SystemExit) as refused:
        read_settings(arguments, ENVIRONMENT)
    assert refused.value.code == 2
    assert f"controller: error: {message}" in capsys.readouterr().err


@pytest.mark.parametrize("environment", [{}, {"METALLB_NAMESPACE": ""}], ids=["unset", "empty"])
def test_the_namespace_is_asked_for(capsys, environment):
    with pytest.raises(SystemExit):
        read_settings([], environment)
    assert "the following arguments are required: --namespace\n" in capsys.readouterr().err
