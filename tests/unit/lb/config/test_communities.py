import pytest

from lb.config.community import Community
from tests.unit.lb.config.written import (
    NEW,
    OLD,
    advertisement,
    community_of,
    good,
    parsed,
    rejections,
    resource,
)

WHERE = "Community metallb-system/ours: spec.communities"
WRITE = "Write it as in 65000:1, or large:4200000000:1:2."


def aliases(*pairs):
    """A Community object with *pairs* of a name and a value."""
    return resource("ours", {"communities": [{"name": name, "value": value} for name, value in pairs]})


def test_a_community_object_names_communities():
    config = good(communities=[community_of("ours", blackhole="65535:666", big="large:4200000000:1:2")])
    assert config.communities["ours"].values == {
        "blackhole": Community((65535, 666)),
        "big": Community((4200000000, 1, 2)),
    }


def test_an_empty_community_object_is_good():
    config = good(communities=[resource("ours", {})])
    assert config.communities["ours"].values == {}


@pytest.mark.parametrize(
    ("pairs", "messages"),
    [
        pytest.param(
            [("a", "65000")],
            [f"[0].value = '65000': a community is two numbers with colons between. {WRITE}"],
            id="no community",
        ),
        pytest.param(
            [("a", "1:1"), ("b", "70000:1")],
            [f"[1].value = '70000:1': the parts of a community are numbers from 0 to 65535. {WRITE}"],
            id="number too large",
        ),
        pytest.param(
            [("a", "large:1:2")],
            [
                "[0].value = 'large:1:2': a large community is large: and three numbers with colons between. "
                f"{WRITE}"
            ],
            id="large community of two numbers",
        ),
        pytest.param(
            [("", "1:1")], ["[0].name = '': the name is empty. Write a name without colons."], id="no name"
        ),
        pytest.param(
            [("1:2", "1:1")],
            ["[0].name = '1:2': a name with a colon would be read as a value. Write a name without colons."],
            id="name like a value",
        ),
        pytest.param(
            [("a", "1:1"), ("b", "1:1"), ("a", "1:2")],
            ["[2].name = 'a': spec.communities[0] has this name already. Give each community one name."],
            id="name twice",
        ),
        pytest.param(
            [("", ""), (":", "x")],
            [
                "[0].name = '': the name is empty. Write a name without colons.",
                f"[0].value = '': a community is two numbers with colons between. {WRITE}",
                "[1].name = ':': a name with a colon would be read as a value. Write a name without colons.",
                f"[1].value = 'x': a community is two numbers with colons between. {WRITE}",
            ],
            id="all that is wrong",
        ),
    ],
)
def test_faulty_aliases_reject_the_object(pairs, messages):
    found = parsed(communities=[aliases(*pairs)])
    assert found.config.communities == {}
    assert [str(each) for each in found.rejections] == [WHERE + message for message in messages]


def test_of_two_objects_that_give_one_name_the_older_stays():
    old = community_of("b", born=OLD, red="65000:1", green="65000:2")
    new = community_of("a", born=NEW, blue="65000:3", red="65000:4")
    found = parsed(communities=[new, old])
    assert list(found.config.communities) == ["b"]
    assert [str(each) for each in found.rejections] == [
        "Community metallb-system/a: spec.communities[1].name = 'red': Community b gives this name already. "
        "Keep it in one of the two."
    ]


def test_an_advertisement_is_not_hurt_by_an_object_that_gives_its_name_another_value():
    announced = advertisement("internet", communities=["red"])
    last_good = good(communities=[community_of("b", red="65000:1")], bgp_advertisements=[announced])
    both = [community_of("a", red="65000:9"), community_of("b", red="65000:1")]
    config = parsed(last_good, communities=both, bgp_advertisements=[announced]).config
    assert config.bgp_advertisements["internet"].communities == (Community((65000, 1)),)


def test_a_name_may_move_from_one_object_to_another():
    last_good = good(communities=[community_of("a", red="65000:1"), community_of("b")])
    moved = [community_of("a"), community_of("b", red="65000:1")]
    assert rejections(last_good, communities=moved) == []
