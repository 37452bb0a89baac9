"""Bad objects of every kind, each refused by kubectl with what is wrong and what to write instead.

The controller answers as it is. Those that the CRDs refuse are refused without it, too.
"""

import re

import pytest

from tests.integration.admission.bad_objects import BY_CRDS, BY_US, THERE, UNKNOWN, named
from tests.integration.admission.conftest import CONFIGURATION, installed
from tests.integration.api.objects import BAD as BY_RULE

ERROR = 'Error from server ({}): error when creating "STDIN": '
ALONE = {**BY_RULE, **BY_CRDS, **UNKNOWN}
"""Refused by the API server, whether it asks us or not."""


def invalid(item, message):
    kind, name = item["kind"], item["metadata"]["name"]
    return f'{ERROR.format("Invalid")}{kind}.metallb.io "{name}" is invalid: {message}'


def unknown(item, message):
    kind, version = item["kind"], item["apiVersion"].removeprefix("metallb.io/")
    reason = f'{kind} in version "{version}" cannot be handled as a {kind}: strict decoding error: {message}'
    return ERROR.format("BadRequest") + reason


def denied(item, *messages):
    metadata = item["metadata"]
    about = f"{item['kind']} {metadata['namespace']}/{metadata['name']}: "
    webhook = (
        f"{'bgppeers' if item['kind'] == 'BGPPeer' else item['kind'].lower()}validationwebhook.metallb.io"
    )
    reasons = "\n".join(about + each for each in messages)
    return f'{ERROR.format("Forbidden")}admission webhook "{webhook}" denied the request: {reasons}'


OBJECTS = {row: named(row, *item) for row, (item, *_) in (ALONE | BY_US).items()}
EXPECTED = {
    **{row: invalid(OBJECTS[row], message) for row, (_, message) in (BY_RULE | BY_CRDS).items()},
    **{row: unknown(OBJECTS[row], message) for row, (_, message) in UNKNOWN.items()},
    **{row: denied(OBJECTS[row], *messages) for row, (_, *messages) in BY_US.items()},
}


class Told:
    """What kubectl said when it applied *rows*."""

    def __init__(self, cluster, rows, *options):
        said = cluster.apply(*(OBJECTS[row] for row in rows), options=options)
        self.output = said.output
        found = re.split("^(?=Error from server |Warning: |error: )", said.error, flags=re.M)
        self.errors = [each.strip() for each in found if each.strip() and not each.startswith("Warning: ")]

    def about(self, row):
        """All of it that may be about *row*."""
        return [each for each in self.errors if _may_be_about(row, each)]


def _may_be_about(row, error):
    name = OBJECTS[row]["metadata"]["name"]
    return error == EXPECTED[row] or f'"{name}" is invalid' in error or f"/{name}: " in error


@pytest.fixture(scope="module")
def guarded(answered):
    """What was said by a cluster as it is installed."""
    answered.put(*(named(name, *item) for name, item in THERE.items()))
    yield Told(answered.cluster, OBJECTS)
    assert answered.controller.debug()["rejections"] == []


@pytest.fixture(scope="module")
def unguarded(lab):
    """What was said by a cluster with the webhook switched off, and with nobody to ask."""
    with installed(lab) as cluster:
        cluster.lab.kubectl("delete", CONFIGURATION)
        there = [named(name, *item) for name, item in THERE.items()]
        assert cluster.apply(*there).ok
        yield Told(cluster, ALONE), Told(cluster, BY_US, "--dry-run=server")


def test_there_are_many_of_each_kind():
    assert len(OBJECTS) >= 150
    rows = [each["kind"] + "/" + each["apiVersion"].rpartition("/")[2] for each in OBJECTS.values()]
    kinds = ("IPAddressPool", "L2Advertisement", "BGPAdvertisement", "BFDProfile", "Community")
    for kind in (*(f"{each}/v1beta1" for each in kinds), "BGPPeer/v1beta1", "BGPPeer/v1beta2"):
        assert rows.count(kind) >= 5, kind


@pytest.mark.parametrize("row", OBJECTS)
def test_each_is_refused_with_the_reason(guarded, row):
    assert guarded.about(row) == [EXPECTED[row]]


def test_nothing_of_them_is_written(guarded):
    assert guarded.output == ""
    assert len(guarded.errors) == len(OBJECTS)


@pytest.mark.parametrize("row", ALONE)
def test_what_the_crds_can_refuse_is_refused_with_the_webhook_switched_off(unguarded, row):
    assert unguarded[0].about(row) == [EXPECTED[row]]


def test_most_are_refused_with_the_webhook_switched_off(unguarded):
    by_crds, others = unguarded
    assert by_crds.output == ""
    assert len(ALONE) > len(BY_US)
    assert others.output.count("created") == len(BY_US)
