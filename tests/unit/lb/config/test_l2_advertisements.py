import pytest
from msgspec import Raw, json

from lb.api.custom_resource import CustomResource
from lb.api.meta import ObjectMeta
from lb.config.l2_advertisements import parse_l2_advertisements


def advertisement(name, **spec):
    return CustomResource(ObjectMeta(name=name, namespace="metallb-system"), Raw(json.encode(spec)))


def parse(*objects, last_good=None):
    accepted, rejections = parse_l2_advertisements(objects, last_good or {})
    return accepted, [str(each) for each in rejections]


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


def test_a_good_advertisement_edited_into_a_bad_one_keeps_its_last_form():
    last_good, _ = parse(advertisement("lan", interfaces=["eth0"]))
    accepted, messages = parse(advertisement("lan", interfaces="eth1"), last_good=last_good)
    assert accepted == last_good
    assert messages == [
        "L2Advertisement metallb-system/lan: spec.interfaces = 'eth1': expected `array`, got `str`. "
        "See `kubectl explain l2advertisement.spec.interfaces`."
    ]


def test_a_deleted_advertisement_is_gone():
    last_good, _ = parse(advertisement("lan"))
    assert parse(last_good=last_good) == ({}, [])
