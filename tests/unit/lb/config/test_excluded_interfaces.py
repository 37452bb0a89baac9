import re
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from lb.api.config_map import ConfigMap
from lb.api.meta import ObjectMeta
from lb.config.excluded_interfaces import DEFAULT, parse_excluded_interfaces

MANIFEST = Path(__file__).parents[4] / "manifests/excludel2.yaml"
WHERE = 'ConfigMap metallb-system/metallb-excludel2: data["excludel2.yaml"]'
REMEDY = (
    "Write `announcedInterfacesToExclude:` and under it a list of regular expressions, or delete the"
    " ConfigMap: then the default list counts."
)
COMMON = "Write it in the syntax that Go's regexp and Python's re have in common."


def config_map(text):
    metadata = ObjectMeta(name="metallb-excludel2", namespace="metallb-system")
    return ConfigMap(metadata, {} if text is None else {"excludel2.yaml": text})


def parse(text):
    return parse_excluded_interfaces(config_map(text))


def listed(*patterns):
    return yaml.safe_dump({"announcedInterfacesToExclude": list(patterns)})


def test_without_a_config_map_the_default_list_counts():
    assert parse_excluded_interfaces(None) is DEFAULT


def test_the_patterns_that_are_listed_replace_the_default_list():
    assert [each.pattern for each in parse(listed("^eth1$", "wlan", "12"))] == ["^eth1$", "wlan", "12"]


def test_an_empty_list_excludes_nothing():
    assert parse("announcedInterfacesToExclude: []") == ()


def test_a_digit_is_an_ascii_digit_as_in_go():
    (pattern,) = parse(listed(r"^eth\d$"))
    assert pattern.search("eth1")
    assert not pattern.search("eth\N{ARABIC-INDIC DIGIT ONE}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(None, [f" = None: the entry is missing. {REMEDY}"], id="no entry"),
        pytest.param("", [f" = '': it is no mapping. {REMEDY}"], id="empty"),
        pytest.param(
            "a: [",
            [
                " = 'a: [': it is no YAML: expected the node content, but found '<stream end>' in line 1."
                f" {REMEDY}"
            ],
            id="no YAML",
        ),
        pytest.param(
            "announcedInterfacesToExclude:",
            [".announcedInterfacesToExclude = '': it is no list. Write a list; [] excludes nothing."],
            id="null",
        ),
        pytest.param(
            "announcedInterfaces: {a: b}",
            [
                f".announcedInterfaces = {{}}: the key is unknown. Remove it. {REMEDY}",
                f".announcedInterfacesToExclude = None: the key is missing. {REMEDY}",
            ],
            id="another key",
        ),
        pytest.param(
            "announcedInterfacesToExclude: []\nannouncedInterfacesToExclude: []",
            [f".announcedInterfacesToExclude = None: the key stands there 2 times. {REMEDY}"],
            id="twice",
        ),
    ],
)
def test_what_holds_no_list_is_refused(text, expected):
    assert [str(each) for each in parse(text)] == [WHERE + each for each in expected]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param(
            "eth(",
            f"'eth(': Python's re does not take it: missing ), unterminated subpattern at position 3."
            f" {COMMON}",
            id="unbalanced",
        ),
        pytest.param(
            r"\pL", rf"'\\pL': Python's re does not take it: bad escape \\p at position 0. {COMMON}", id="RE2"
        ),
        pytest.param(
            "a{99999999999999}",
            "'a{99999999999999}': Python's re does not take it: the repetition number is too large. "
            + COMMON,
            id="repeated too often",
        ),
        pytest.param(
            "[a||b]",
            "'[a||b]': Python's re does not take it: Possible set union at position 2. " + COMMON,
            id="ambiguous",
        ),
        pytest.param(
            "eth[a[:digit:]]",
            "'eth[a[:digit:]]': a POSIX class such as [:alpha:] is not supported. List its characters.",
            id="POSIX class",
        ),
        pytest.param(
            "eth{,2}",
            "'eth{,2}': Go's regexp takes {,n} for text, and Python's re does not. Write {0,n}.",
            id="up to",
        ),
        pytest.param(
            "(?u)eth",
            "'(?u)eth': Python's re does not take it: ASCII and UNICODE flags are incompatible. " + COMMON,
            id="flag",
        ),
        pytest.param(
            "",
            "'': an empty pattern matches every interface. Remove it, or write \".*\" if so meant.",
            id="empty",
        ),
        pytest.param(["eth"], "[]: it is no text. Write one regular expression, in quotes.", id="a list"),
    ],
)
def test_a_pattern_that_is_wrong_is_refused_by_its_place(pattern, expected):
    (rejection,) = parse(listed("^lo$", pattern))
    assert str(rejection) == f"{WHERE}.announcedInterfacesToExclude[1] = {expected}"


def test_all_that_is_wrong_is_told():
    assert len(parse(listed("(", "fine", "*", "["))) == 3


def test_of_very_many_faults_the_first_are_told_and_how_many_more_there_are():
    told = parse(listed(*["("] * 50))
    assert len(told) == 21
    assert str(told[-1]) == (
        f"{WHERE} = '...': 30 more faults are not listed. Mend those that are, then look again."
    )


@example("[" * 5000)
@example("announcedInterfacesToExclude: &a [*a]")
@example("? [a]\n: b")
@example("a: *b")
@example("\x00")
@example("!!python/none ''")
@given(st.one_of(st.text(), st.lists(st.text(), max_size=4).map(lambda each: listed(*each))))
def test_any_text_is_read_or_refused(text):
    answer = parse(text)
    assert all(isinstance(each, re.Pattern) for each in answer) or all(str(each) for each in answer)


def test_the_manifest_holds_the_default_list():
    manifest = yaml.safe_load(MANIFEST.read_text())
    assert parse(manifest["data"]["excludel2.yaml"]) == DEFAULT
