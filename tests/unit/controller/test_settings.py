import pytest

from controller.settings import Settings, read_settings

ENVIRONMENT = {"METALLB_NAMESPACE": "metallb-system"}


def test_the_namespace_is_enough():
    assert read_settings([], ENVIRONMENT) == Settings(
        "metallb-system", "controller", "memberlist", 17472, None, "info", None
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
        "--log-level=debug",
        "--kubeconfig=/etc/kubeconfig",
    ]
    assert read_settings(given, environment) == Settings(
        "lb", "controller-2", "other", 8080, "anvil", "debug", "/etc/kubeconfig"
    )


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
