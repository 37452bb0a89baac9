"""Our own ConfigurationState on a real API server, whatever others do to it."""

import asyncio
import json
from contextlib import asynccontextmanager
from functools import partial

import pytest

from lb.api.configuration_state import (
    CONTROLLER,
    SPEAKER,
    SUBNETS,
    ConfigurationStateStatus,
)
from lb.cli.trial import MANIFESTS
from lb.cluster.configuration_state import StateWriter, own_pod
from lb.cluster.errors import GiveUp
from lb.cluster.resource import CONFIGURATION_STATES, Partial, Resource
from lb.config.condition import judge
from tests.integration.cluster.following import eventually

CRD = MANIFESTS / "crds/metallb.io_configurationstates.yaml"
PODS = Resource("", "v1", "pods", "Pod", Partial)


@pytest.fixture(scope="module")
def installed(control_plane):
    control_plane.kubectl("apply", "-f", str(CRD))
    control_plane.kubectl("wait", "--for=condition=Established", "crd/configurationstates.metallb.io")
    yield control_plane
    control_plane.kubectl("delete", "crd", "configurationstates.metallb.io")


def telling(writer, *faults, reader=CONTROLLER):
    writer.tell(partial(judge, reader, faults))


class State:
    """What stands in the API server."""

    def __init__(self, lab, namespace, name="controller"):
        self._lab = lab
        self._where = (f"configurationstates/{name}", "-n", namespace)

    def object(self):
        found = self._lab.kubectl(
            "get", *self._where, "--ignore-not-found", "-o", "json", "--show-managed-fields"
        )
        return json.loads(found) if found else None

    def status(self):
        found = self.object()
        return found.get("status", {}) if found else {}

    def edit(self, patch, *flags):
        self._lab.kubectl("patch", *self._where, "--type=merge", "-p", json.dumps(patch), *flags)

    def delete(self):
        self._lab.kubectl("delete", *self._where)


@pytest.fixture
def state(installed, namespace):
    return State(installed, namespace)


@asynccontextmanager
async def writing(client, namespace, owner=None, reader=CONTROLLER, node=""):
    writer = StateWriter(client, reader, namespace, owner, node)
    task = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


async def told(state, result):
    await eventually(lambda: state.status().get("result") == result)
    return state.object()


async def test_a_valid_configuration_is_told(client, namespace, state):
    async with writing(client, namespace) as writer:
        telling(writer)
        found = await told(state, "Valid")
    assert found["metadata"]["labels"] == {"metallb.io/component-type": "controller"}
    (condition,) = found["status"]["conditions"]
    assert condition.pop("lastTransitionTime")
    assert condition == {
        "type": "poolReconcilerValid",
        "status": "True",
        "reason": "Reconciled",
        "message": "",
        "observedGeneration": 0,
    }
    managers = {
        (each["manager"], each["operation"], each.get("subresource"))
        for each in found["metadata"]["managedFields"]
    }
    assert managers == {("poolReconciler", "Apply", None), ("poolReconciler", "Apply", "status")}


async def test_each_of_many_changes_is_told_soon(client, namespace, state):
    async with writing(client, namespace) as writer:
        for number in range(6):
            fault = f"fault {number}."
            telling(writer, fault)
            async with asyncio.timeout(5):
                await eventually(lambda: state.status().get("errorSummary", "").endswith(fault))  # noqa: B023  # awaited here


async def test_what_is_wrong_is_told_and_untold(client, namespace, state):
    async with writing(client, namespace) as writer:
        telling(writer, "pool a: bad.", "pool b: bad.")
        wrong = await told(state, "Invalid")
        assert wrong["status"]["errorSummary"] == "configuration error: pool a: bad.\npool b: bad."
        assert wrong["status"]["conditions"][0]["message"] == wrong["status"]["errorSummary"]
        telling(writer)
        right = await told(state, "Valid")
    assert right["status"]["errorSummary"] == ""


async def test_a_speaker_tells_of_its_node(client, namespace, installed):
    state = State(installed, namespace, "speaker-n1.example")
    async with writing(client, namespace, reader=SPEAKER, node="n1.example") as writer:
        writer.annotate({SUBNETS: "192.0.2.0/24"})
        telling(writer, reader=SPEAKER)
        found = await told(state, "Valid")
        writer.annotate({SUBNETS: ""})
        await eventually(lambda: state.object()["metadata"]["annotations"] == {SUBNETS: ""})
    assert found["metadata"]["annotations"] == {SUBNETS: "192.0.2.0/24"}
    assert found["metadata"]["labels"] == {
        "metallb.io/component-type": "speaker",
        "metallb.io/node-name": "n1.example",
    }
    assert found["status"]["conditions"][0]["type"] == "configReconcilerValid"
    assert {each["manager"] for each in found["metadata"]["managedFields"]} == {"configReconciler"}


async def test_a_node_with_a_name_too_long_for_a_label_is_told_of_without(client, namespace, installed):
    node = "n" * 60 + ".example"
    state = State(installed, namespace, f"speaker-{node}")
    async with writing(client, namespace, reader=SPEAKER, node=node) as writer:
        telling(writer, reader=SPEAKER)
        found = await told(state, "Valid")
    assert found["metadata"]["labels"] == {"metallb.io/component-type": "speaker"}


async def test_the_longest_message_is_taken(client, namespace, state):
    async with writing(client, namespace) as writer:
        telling(writer, *["a fault \N{SNOWMAN}"] * 50_000)
        found = await told(state, "Invalid")
    assert 32_000 < len(found["status"]["conditions"][0]["message"]) <= 32_768


async def test_it_goes_with_its_pod_and_comes_back_with_the_next(client, namespace, state):
    spec = {"containers": [{"name": "c", "image": "none"}], "nodeSelector": {"no": "node"}}
    first, second = [
        await client.create(PODS, {"metadata": {"name": name}, "spec": spec}, namespace)
        for name in ("first", "second")
    ]
    async with writing(client, namespace, own_pod("first", first.metadata.uid)) as writer:
        telling(writer)
        found = await told(state, "Valid")
    (owner,) = found["metadata"]["ownerReferences"]
    assert owner == {"apiVersion": "v1", "kind": "Pod", "name": "first", "uid": first.metadata.uid}
    async with writing(client, namespace, own_pod("second", second.metadata.uid)) as writer:
        telling(writer)
        await eventually(lambda: state.object()["metadata"]["ownerReferences"][0]["name"] == "second")
        assert len(state.object()["metadata"]["ownerReferences"]) == 1
    await client.delete(PODS, "second", namespace)
    await eventually(lambda: state.object() is None)


async def test_the_time_is_the_one_of_the_transition_also_after_a_restart(client, namespace, state):
    async with writing(client, namespace) as writer:
        telling(writer, "pool a: bad.")
        first = (await told(state, "Invalid"))["status"]["conditions"][0]["lastTransitionTime"]
    then = "2020-01-01T00:00:00Z"
    assert first > then
    since = judge(CONTROLLER, ["pool a: bad."], ConfigurationStateStatus(), then)
    await client.apply(
        CONFIGURATION_STATES,
        "controller",
        {
            "apiVersion": "metallb.io/v1beta1",
            "kind": "ConfigurationState",
            "metadata": {"name": "controller"},
            "status": since,
        },
        manager="poolReconciler",
        namespace=namespace,
        subresource="status",
    )
    async with writing(client, namespace) as writer:
        telling(writer, "pool b: bad.")
        await eventually(lambda: "pool b" in state.status()["errorSummary"])
        assert state.status()["conditions"][0]["lastTransitionTime"] == then
        telling(writer)
        found = await told(state, "Valid")
    assert found["status"]["conditions"][0]["lastTransitionTime"] > then


async def test_nothing_is_written_while_nothing_differs(client, namespace, state, monkeypatch):
    async with writing(client, namespace) as writer:
        telling(writer)
        await told(state, "Valid")
    written, apply = [], client.apply

    async def spy(*arguments, subresource="", **rest):
        written.append(subresource)
        return await apply(*arguments, subresource=subresource, **rest)

    monkeypatch.setattr(client, "apply", spy)
    async with writing(client, namespace) as writer:
        for _ in range(5):
            telling(writer)
        state.edit({"metadata": {"annotations": {"theirs": "stays"}}})
        telling(writer, "pool a: bad.")
        found = await told(state, "Invalid")
    assert written == ["status"]
    assert found["metadata"]["annotations"] == {"theirs": "stays"}


@pytest.mark.parametrize(
    ("patch", "flags"),
    [
        pytest.param({"metadata": {"labels": None}}, (), id="labels"),
        pytest.param({"metadata": {"labels": {"metallb.io/component-type": "x"}}}, (), id="label"),
        pytest.param({"status": {"result": "Invalid"}}, ("--subresource=status",), id="result"),
        pytest.param({"status": {"errorSummary": "a lie"}}, ("--subresource=status",), id="error"),
        pytest.param({"status": {"conditions": []}}, ("--subresource=status",), id="conditions"),
        pytest.param({"status": None}, ("--subresource=status",), id="status"),
    ],
)
async def test_what_others_edit_is_put_right(client, namespace, state, patch, flags):
    async with writing(client, namespace) as writer:
        telling(writer)
        before = await told(state, "Valid")
        state.edit(patch, *flags)
        await eventually(
            lambda: (
                (found := state.object()).get("status") == before["status"]
                and found["metadata"].get("labels") == before["metadata"]["labels"]
            )
        )


async def test_it_is_made_again_with_its_time_when_somebody_deletes_it(client, namespace, state):
    async with writing(client, namespace) as writer:
        telling(writer)
        before = await told(state, "Valid")
        state.delete()
        again = await told(state, "Valid")
    assert again["metadata"]["uid"] != before["metadata"]["uid"]
    assert again["status"] == before["status"]


async def test_an_api_server_that_refuses_stops_nobody_and_is_told_later(
    client, namespace, state, caplog, monkeypatch
):
    async def refuse(*_, **__):
        raise GiveUp("403: no")

    with monkeypatch.context() as patch:
        patch.setattr(client, "apply", refuse)
        async with writing(client, namespace) as writer:
            telling(writer)
            await eventually(lambda: "is not told: 403: no" in caplog.text)
            patch.undo()
            await told(state, "Valid")
    assert [each.message for each in caplog.records if "is not told" in each.message] == [
        "what we think of the configuration is not told: 403: no"
    ]
