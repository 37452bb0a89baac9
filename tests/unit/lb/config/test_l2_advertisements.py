import pytest

from lb.api.custom_resource import CustomResource
from lb.api.meta import ObjectMeta
from tests.unit.lb.config.written import advertisement, good, parsed


def parse(*objects, last_good=None):
    """What is in force, and every message."""
    found = parsed(*([last_good] if last_good else []), l2_advertisements=objects)
    return found.config.l2_advertisements, [str(each) for each in found.rejections]


def test_an_empty_advertisement_is_good():
    accepted, messages = parse(CustomResource(ObjectMeta(name="lan")), advertisement("other"))
    assert (list(accepted), messages) == (["lan", "other"], [])
    assert accepted["lan"].spec == accepted["other"].spec


@pytest.mark.parametrize(
    "place", ["ipAddressPoolSelectors", "nodeSelectors", "serviceSelectors", "preferredNodeSelectors"]
)
def test_a_faulty_requirement_is_rejected_wherever_a_selector_may_stand(place):
    selector = {"matchExpressions": [{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "In"}]}
    preferred = place == "preferredNodeSelectors"
    entry = {"weight": 1, "preference": selector} if preferred else selector
    accepted, messages = parse(advertisement("lan", **{place: [entry]}))
    path = f"{place}[0].preference" if preferred else f"{place}[0]"
    assert accepted == {}
    assert messages == [
        f"L2Advertisement metallb-system/lan: spec.{path}.matchExpressions[1] = "
        "{'key': 'b', 'operator': 'In'}: operator In needs at least one value. "
        "Correct the operator or its values."
    ]


def test_all_faulty_requirements_are_told():
    faulty = {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["x"]}]}
    _, messages = parse(advertisement("lan", nodeSelectors=[faulty], serviceSelectors=[{}, faulty]))
    value = "{'key': 'a', 'operator': 'Exists', 'values': ['x']}"
    tail = f"= {value}: operator Exists takes no values. Correct the operator or its values."
    assert messages == [
        f"L2Advertisement metallb-system/lan: spec.nodeSelectors[0].matchExpressions[0] {tail}",
        f"L2Advertisement metallb-system/lan: spec.serviceSelectors[1].matchExpressions[0] {tail}",
    ]


def test_a_requirement_with_a_megabyte_of_values_makes_a_message_that_an_event_can_hold():
    faulty = {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["7" * 1_000_000]}]}
    _, (message,) = parse(advertisement("lan", nodeSelectors=[faulty]))
    assert len(message) < 1024


def test_a_bad_advertisement_does_not_disturb_a_good_one():
    accepted, messages = parse(advertisement("bad", interface="eth0"), advertisement("good"))
    assert list(accepted) == ["good"]
    assert messages == [
        "L2Advertisement metallb-system/bad: spec.interface = 'eth0': the field is unknown. "
        "Write interfaces, if that is meant, or remove it."
    ]


GOLD = {"matchLabels": {"tier": "gold"}}
TWICE = "Remove one of the two."


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            {"ipAddressPools": ["a", "a"]},
            f"ipAddressPools[1] = 'a': it stands at spec.ipAddressPools[0] already. {TWICE}",
            id="pool twice",
        ),
        pytest.param(
            {"interfaces": ["eth0", "eth1", "eth0"]},
            f"interfaces[2] = 'eth0': it stands at spec.interfaces[0] already. {TWICE}",
            id="interface twice",
        ),
        *[
            pytest.param(
                {field: [GOLD, {}, GOLD]},
                f"{field}[2] = {GOLD}: it is the same selector as spec.{field}[0]. {TWICE}",
                id=f"{field}: selector twice",
            )
            for field in ("ipAddressPoolSelectors", "nodeSelectors", "serviceSelectors")
        ],
        pytest.param(
            {"preferredNodeSelectors": [{"weight": 0, "preference": {}}]},
            "preferredNodeSelectors[0].weight = 0: expected `int` >= 1. "
            "See `kubectl explain l2advertisement.spec.preferredNodeSelectors.weight`.",
            id="weight out of bounds",
        ),
    ],
)
def test_a_fault_rejects_the_advertisement(spec, message):
    assert parse(advertisement("lan", **spec)) == (
        {},
        [f"L2Advertisement metallb-system/lan: spec.{message}"],
    )


def test_a_preference_may_stand_twice_since_weights_add_up():
    preferred = [{"weight": 1, "preference": GOLD}, {"weight": 2, "preference": GOLD}]
    config = good(l2_advertisements=[advertisement("lan", preferredNodeSelectors=preferred)])
    (one, other) = config.l2_advertisements["lan"].spec.preferred_node_selectors
    assert (one.weight, other.weight, one.preference) == (1, 2, other.preference)


@pytest.mark.parametrize("name", ["", "eth 0", "eth/0", "eth0:1", ".", "..", "sixteencharacter", "éééééééé"])
def test_a_name_that_no_interface_has_rejects_the_advertisement(name):
    assert parse(advertisement("lan", interfaces=["eth0", name])) == (
        {},
        [
            f"L2Advertisement metallb-system/lan: spec.interfaces[1] = '{name}': no interface can have this "
            "name. Write the name as `ip link` shows it; patterns are not understood."
        ],
    )


@pytest.mark.parametrize("name", ["eth0", "eth0.100", "fifteencharactr", "eth*"])
def test_any_other_name_may_be_an_interface_s(name):
    accepted, messages = parse(advertisement("lan", interfaces=[name]))
    assert (accepted["lan"].spec.interfaces, messages) == ((name,), [])


def test_a_good_advertisement_edited_into_a_bad_one_keeps_its_last_form():
    last_good = good(l2_advertisements=[advertisement("lan", interfaces=["eth0"])])
    accepted, messages = parse(advertisement("lan", interfaces="eth1"), last_good=last_good)
    assert accepted == last_good.l2_advertisements
    assert messages == [
        "L2Advertisement metallb-system/lan: spec.interfaces = 'eth1': expected `array`, got `str`. "
        "See `kubectl explain l2advertisement.spec.interfaces`."
    ]


def test_a_deleted_advertisement_is_gone():
    last_good = good(l2_advertisements=[advertisement("lan")])
    assert parse(last_good=last_good) == ({}, [])
