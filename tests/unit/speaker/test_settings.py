import pytest

from speaker.settings import Settings, read_settings

ENVIRONMENT = {
    "METALLB_NAMESPACE": "metallb-system",
    "METALLB_NODE_NAME": "n1",
    "METALLB_ML_BIND_ADDR": "10.0.0.1",
}
PLAIN = Settings("metallb-system", "n1", "10.0.0.1", 7946, 17472, None, "info", None)


def test_the_environment_of_metallbs_manifest_is_enough():
    assert read_settings([], ENVIRONMENT) == PLAIN


def test_flags_come_before_the_environment():
    given = [
        "--namespace=lb",
        "--node-name=n2",
        "--ml-bindaddr=fd00:0::2",
        "--ml-bindport=7947",
        "--health-probe-port=17473",
        "--lb-class=anvil",
        "--log-level=debug",
        "--kubeconfig=/etc/kubeconfig",
    ]
    environment = ENVIRONMENT | {"METALLB_ML_BIND_PORT": "1"}
    assert read_settings(given, environment) == Settings(
        "lb", "n2", "fd00::2", 7947, 17473, "anvil", "debug", "/etc/kubeconfig"
    )


def test_the_own_pod_is_read_from_the_environment():
    pod = {"METALLB_POD_NAME": "speaker-x", "METALLB_POD_UID": "1-2"}
    given = read_settings([], ENVIRONMENT | pod)
    assert (given.pod_name, given.pod_uid) == ("speaker-x", "1-2")
    assert read_settings(["--pod-name=y", "--pod-uid=3"], ENVIRONMENT | pod).pod_uid == "3"


def test_the_port_is_read_from_the_environment():
    assert read_settings([], ENVIRONMENT | {"METALLB_ML_BIND_PORT": "8000"}).bind_port == 8000


@pytest.mark.parametrize(
    ("arguments", "interval", "timeout"),
    [
        pytest.param([], 0.05, 0.35, id="by default"),
        pytest.param(["--heartbeat-interval=0.1"], 0.1, 0.35, id="slower"),
        pytest.param(["--heartbeat-interval=1", "--heartbeat-timeout=10"], 1.0, 10.0, id="much slower"),
        pytest.param(["--heartbeat-interval=0.01", "--heartbeat-timeout=0.03"], 0.01, 0.03, id="fastest"),
    ],
)
def test_heartbeats_are_as_far_apart_as_is_given(arguments, interval, timeout):
    given = read_settings(arguments, ENVIRONMENT)
    assert (given.heartbeat_interval, given.heartbeat_timeout) == (interval, timeout)


@pytest.mark.parametrize(
    ("arguments", "probes"), [([], True), (["--probe-addresses=false"], False), (["--probe-addresses"], True)]
)
def test_addresses_are_probed_first_unless_told_otherwise(arguments, probes):
    assert read_settings(arguments, ENVIRONMENT).probes is probes


def test_addresses_are_made_known_again_each_minute_unless_told_otherwise():
    environment = ENVIRONMENT | {"METALLB_GRATUITOUS_ARP_INTERVAL": "300"}
    assert read_settings([], ENVIRONMENT).gratuitous_arp_interval == 60
    assert read_settings([], environment).gratuitous_arp_interval == 300
    assert read_settings(["--gratuitous-arp-interval=0"], environment).gratuitous_arp_interval == 0


@pytest.mark.parametrize(
    ("arguments", "ignores_exclusion", "is_sticky"),
    [
        pytest.param([], False, True, id="neither"),
        pytest.param(["--ignore-exclude-lb", "--sticky"], True, True, id="both"),
        pytest.param(["--ignore-exclude-lb=true", "--sticky=false"], True, False, id="with values"),
        pytest.param(["--ignore-exclude-lb=false", "--sticky=true"], False, True, id="as without"),
    ],
)
def test_elections_go_by_the_rules_that_are_given(arguments, ignores_exclusion, is_sticky):
    given = read_settings(arguments, ENVIRONMENT)
    assert (given.ignores_exclusion, given.is_sticky) == (ignores_exclusion, is_sticky)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--nodename=n1"], "unrecognized arguments: --nodename=n1", id="unknown flag"),
        pytest.param(
            ["--ml-bindport=0"],
            "argument --ml-bindport: '0' is no port; give a number from 1 to 65535",
            id="port zero",
        ),
        pytest.param(
            ["--health-probe-port=65536"],
            "argument --health-probe-port: '65536' is no port; give a number from 1 to 65535",
            id="port too high",
        ),
        pytest.param(
            ["--ml-bindport=http"],
            "argument --ml-bindport: 'http' is no port; give a number from 1 to 65535",
            id="port by name",
        ),
        pytest.param(
            ["--ml-bindaddr=n1.example"],
            "argument --ml-bindaddr: 'n1.example' is no IP address; give the node's InternalIP",
            id="address by name",
        ),
        pytest.param(
            ["--gratuitous-arp-interval=1m"],
            "argument --gratuitous-arp-interval: '1m' is no number of seconds from 0 to 86400",
            id="interval with a unit",
        ),
        pytest.param(
            ["--gratuitous-arp-interval=86401"],
            "argument --gratuitous-arp-interval: '86401' is no number of seconds from 0 to 86400",
            id="interval longer than a day",
        ),
        pytest.param(
            ["--sticky=no"], "argument --sticky: 'no' is neither true nor false", id="another word for false"
        ),
        pytest.param(
            ["--heartbeat-interval=1e-2"],
            "argument --heartbeat-interval: '1e-2' is no number of seconds from 0.01 to 1",
            id="interval that is no decimal",
        ),
        pytest.param(
            ["--heartbeat-interval=2"],
            "argument --heartbeat-interval: '2' is no number of seconds from 0.01 to 1",
            id="interval too long",
        ),
        pytest.param(
            ["--heartbeat-interval=0.2"],
            "argument --heartbeat-timeout: '0.35' is no number of seconds from 0.6 to 30",
            id="timeout too short for the interval",
        ),
        pytest.param(
            ["--log-level=loud"],
            "argument --log-level: invalid choice: 'loud' (choose from ",
            id="log level",
        ),
    ],
)
def test_what_is_wrong_is_refused_with_the_flag_and_the_value(capsys, arguments, message):
    with pytest.raises(SystemExit) as refused:
        read_settings(arguments, ENVIRONMENT)
    assert refused.value.code == 2
    assert f"speaker: error: {message}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "flag"),
    [
        ("METALLB_NAMESPACE", "--namespace"),
        ("METALLB_NODE_NAME", "--node-name"),
        ("METALLB_ML_BIND_ADDR", "--ml-bindaddr"),
    ],
)
@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_what_has_no_default_is_asked_for_by_its_flag(capsys, variable, flag, value):
    environment = {name: text for name, text in ENVIRONMENT.items() if name != variable}
    with pytest.raises(SystemExit):
        read_settings([], environment if value is None else environment | {variable: value})
    assert f"the following arguments are required: {flag}\n" in capsys.readouterr().err


def test_the_help_names_each_environment_variable(capsys):
    with pytest.raises(SystemExit) as told:
        read_settings(["--help"], {})
    assert told.value.code == 0
    text = capsys.readouterr().out
    assert all(f"[${variable}]" in text for variable in (*ENVIRONMENT, "METALLB_ML_BIND_PORT"))
