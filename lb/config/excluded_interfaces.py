"""ConfigMap metallb-excludel2: the interfaces that carry no announcements, by regexes on their names.

MetalLB reads them with Go's regexp, we with Python's. A pattern that means something else here is refused.
Sources: the syntax of RE2, and of `re` in the Python library reference.
"""

import re
import warnings
from collections.abc import Iterator
from typing import Final

import yaml
from msgspec import Struct
from yaml import MappingNode, Node, ScalarNode, SequenceNode, YAMLError

from lb.api.config_map import EXCLUDED_INTERFACES, EXCLUDED_INTERFACES_KEY, ConfigMap
from lb.config.rejection import JSON, Reference, Rejection, named

Patterns = tuple[re.Pattern[str], ...]

LIST: Final = "announcedInterfacesToExclude"
DEFAULT: Final[Patterns] = tuple(
    re.compile(text, re.ASCII)
    for text in (
        "^docker.*",
        "^cbr.*",
        "^dummy.*",
        "^virbr.*",
        "^lxcbr.*",
        "^veth.*",
        "^lo$",
        "^cali.*",
        "^tunl.*",
        "^flannel.*",
        "^kube-ipvs.*",
        "^cni.*",
        "^nodelocaldns.*",
        "^lxc.*",
    )
)
"""Interfaces that lead to pods or to this machine itself; MetalLB's list."""
MOST: Final = 20
"""Rejections that are listed; a person mends no more at a time."""
POSIX_CLASS: Final = re.compile(r"\[:\^?[a-z]+:]")
UP_TO: Final = re.compile(r"\{,[0-9]+}")
REMEDY: Final = (
    f"Write `{LIST}:` and under it a list of regular expressions, or delete the ConfigMap: then the default"
    " list counts."
)


class _Faulty(Struct, frozen=True):
    place: str
    value: JSON
    reason: str
    remedy: str = REMEDY


def parse_excluded_interfaces(config_map: ConfigMap | None) -> Patterns | list[Rejection]:
    """The patterns of *config_map*, or all that is wrong with it; where there is none, the default ones.

    An interface is excluded where one of them is found in its name.
    """
    if config_map is None:
        return DEFAULT
    reference = Reference("ConfigMap", EXCLUDED_INTERFACES, config_map.metadata.namespace)
    read = list(_read(config_map.data.get(EXCLUDED_INTERFACES_KEY)))
    entry = f'data["{EXCLUDED_INTERFACES_KEY}"]'
    wrong = [
        Rejection(reference, entry + each.place, each.value, each.reason, each.remedy)
        for each in read
        if isinstance(each, _Faulty)
    ]
    if len(wrong) > MOST:
        more = f"{len(wrong) - MOST} more faults are not listed"
        wrong[MOST:] = [Rejection(reference, entry, "...", more, "Mend those that are, then look again.")]
    return wrong or tuple(each for each in read if isinstance(each, re.Pattern))


def _read(text: str | None) -> Iterator[re.Pattern[str] | _Faulty]:
    if text is None:
        yield _Faulty("", None, "the entry is missing")
        return
    try:
        # As a tree of nodes, not as values: every scalar is a text, and nothing is expanded or built.
        document = yaml.compose(text, Loader=yaml.BaseLoader)
    except (YAMLError, RecursionError) as error:
        yield _Faulty("", text, f"it is no YAML: {_problem(error)}")
        return
    if not isinstance(document, MappingNode):
        yield _Faulty("", text, "it is no mapping")
        return
    yield from _entries(document)


def _entries(document: MappingNode) -> Iterator[re.Pattern[str] | _Faulty]:
    entries = [(str(_shown(key)), node) for key, node in document.value]
    for key, node in entries:
        if key != LIST:
            yield _Faulty(f".{named(key)}", _shown(node), "the key is unknown", f"Remove it. {REMEDY}")
    lists = [node for key, node in entries if key == LIST]
    if len(lists) != 1:
        reason = "the key is missing" if not lists else f"the key stands there {len(lists)} times"
        yield _Faulty(f".{LIST}", None, reason)
    elif not isinstance(lists[0], SequenceNode):
        yield _Faulty(f".{LIST}", _shown(lists[0]), "it is no list", "Write a list; [] excludes nothing.")
    else:
        for at, node in enumerate(lists[0].value):
            yield _pattern(f".{LIST}[{at}]", node)


def _pattern(place: str, node: Node) -> re.Pattern[str] | _Faulty:
    if not isinstance(node, ScalarNode):
        return _Faulty(place, _shown(node), "it is no text", "Write one regular expression, in quotes.")
    text = node.value
    if not text:
        return _Faulty(
            place, text, "an empty pattern matches every interface", 'Remove it, or write ".*" if so meant.'
        )
    if POSIX_CLASS.search(text):
        return _Faulty(
            place,
            text,
            "a POSIX class such as [:alpha:] is not supported",
            "List its characters.",
        )
    if UP_TO.search(text):
        return _Faulty(
            place, text, "Go's regexp takes {,n} for text, and Python's re does not", "Write {0,n}."
        )
    return _compiled(place, text)


def _compiled(place: str, text: str) -> re.Pattern[str] | _Faulty:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python may read otherwise one day, it warns of
            return re.compile(text, re.ASCII)
    except (re.error, ValueError, OverflowError, RecursionError, Warning) as error:
        reason = f"Python's re does not take it: {named(str(error))}"
        return _Faulty(
            place, text, reason, "Write it in the syntax that Go's regexp and Python's re have in common."
        )


def _shown(node: Node) -> JSON:
    """What stands at *node*; of what holds others, only that it does."""
    if isinstance(node, ScalarNode):
        return str(node.value)
    return [] if isinstance(node, SequenceNode) else {}


def _problem(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is nested too deep"
    return named(str(what)) + (f" in line {mark.line + 1}" if mark is not None else "")
