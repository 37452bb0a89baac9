"""What we write to a real API server: a Service's status, events, the speakers' key."""

import asyncio
import base64
import json

import pytest
from msgspec.structs import replace

from lb.api.meta import OwnerReference
from lb.api.secret import SECRET_KEY
from lb.api.service import ALLOCATED_FROM_POOL, FENCED, LoadBalancerIngress, ServiceCondition
from lb.cluster.errors import Conflict, GiveUp
from lb.cluster.events import Recorder, reference
from lb.cluster.memberlist import ensure_memberlist_key
from lb.cluster.outbox import ObjectReference
from lb.cluster.resource import EVENTS, NAMESPACES, SECRETS, SERVICES, Selection, named
from lb.cluster.service_status import make_void, patch_status

ADDRESS = LoadBalancerIngress(ip="10.0.0.1")
OURS = ServiceCondition("anvil-lb.io/AddressAllocated", "True", "Allocated", "fine", "2026-01-01T00:00:00Z")
THEIRS = ServiceCondition("example.com/Theirs", "False", "Because", "", "2025-01-01T00:00:00Z")


@pytest.fixture
async def service(client, namespace):
    body = {
        "metadata": {"name": "web", "annotations": {"theirs": "kept"}},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }
    return await client.create(SERVICES, body, namespace)


async def test_an_address_and_our_annotation_are_written_at_once_and_nothing_else(client, service):
    written = await patch_status(client, service, [ADDRESS], {ALLOCATED_FROM_POOL: "edge"}, OURS)
    assert written.status.load_balancer.ingress == (ADDRESS,)
    assert written.status.conditions == (OURS,)
    assert written.metadata.annotations == {"theirs": "kept", ALLOCATED_FROM_POOL: "edge"}
    assert written.spec == service.spec
    assert written == await client.get(SERVICES, "web", service.metadata.namespace)


async def test_the_address_and_our_annotation_are_taken_away_again(client, service):
    written = await patch_status(client, service, [ADDRESS], {ALLOCATED_FROM_POOL: "edge"}, OURS)
    cleared = await patch_status(client, written, [], {ALLOCATED_FROM_POOL: None}, OURS.type)
    assert cleared.status.load_balancer.ingress == ()
    assert cleared.metadata.annotations == {"theirs": "kept"}
    assert cleared.status.conditions == ()


async def test_two_addresses_keep_their_order(client, service):
    both = (LoadBalancerIngress(ip="fd00::1"), LoadBalancerIngress(ip="10.0.0.1"))
    assert (await patch_status(client, service, both, {}, OURS)).status.load_balancer.ingress == both


async def test_a_decision_on_an_old_version_is_not_written(client, service):
    await client.patch(
        SERVICES, "web", {"metadata": {"labels": {"a": "b"}}}, namespace=service.metadata.namespace
    )
    with pytest.raises(Conflict) as raised:
        await patch_status(client, service, [ADDRESS], {}, OURS)
    assert raised.value.reason == "Conflict"
    now = await client.get(SERVICES, "web", service.metadata.namespace)
    assert now.status.load_balancer.ingress == ()


async def test_a_decision_is_not_written_to_a_service_made_anew_under_the_same_name(client, service):
    namespace = service.metadata.namespace
    await client.delete(SERVICES, "web", namespace)
    await client.create(SERVICES, {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}, namespace)
    with pytest.raises(Conflict):
        await patch_status(client, service, [ADDRESS], {}, OURS)


@pytest.fixture
async def with_theirs(client, service):
    """It has a condition that somebody else wrote."""
    patch = {"status": {"conditions": [THEIRS]}}
    namespace = service.metadata.namespace
    return await client.patch(
        SERVICES, "web", patch, namespace=namespace, subresource="status", strategic=True
    )


async def test_a_condition_of_somebody_else_stays_as_it_is(client, with_theirs):
    written = await patch_status(client, with_theirs, [ADDRESS], {}, OURS)
    assert set(written.status.conditions) == {OURS, THEIRS}
    changed = await patch_status(client, written, [], {}, replace(OURS, status="False"))
    assert set(changed.status.conditions) == {replace(OURS, status="False"), THEIRS}
    removed = await patch_status(client, changed, [], {}, OURS.type)
    assert removed.status.conditions == (THEIRS,)


async def test_a_condition_that_somebody_wrote_without_a_time_or_twice_is_read_and_put_right(client, service):
    untimed = {"type": "example.com/Theirs", "status": "True"}
    patch = {"status": {"conditions": [untimed, OURS, replace(OURS, status="False")]}}
    namespace = service.metadata.namespace
    found = await client.patch(SERVICES, "web", patch, namespace=namespace, subresource="status")
    assert len(found.status.conditions) == 3
    written = await patch_status(client, found, [ADDRESS], {}, OURS)
    assert set(written.status.conditions) == {OURS, ServiceCondition("example.com/Theirs", "True")}


async def test_to_write_what_is_there_already_makes_no_new_version(client, service):
    written = await patch_status(client, service, [ADDRESS], {ALLOCATED_FROM_POOL: "edge"}, OURS)
    assert await patch_status(client, written, [ADDRESS], {ALLOCATED_FROM_POOL: "edge"}, OURS) == written
    with pytest.raises(Conflict):
        await patch_status(client, service, [ADDRESS], {ALLOCATED_FROM_POOL: "edge"}, OURS)


async def test_a_write_that_was_made_void_is_refused_when_it_comes(client, service):
    key, version = f"{service.metadata.namespace}/web", service.metadata.resource_version
    await make_void(client, key, version)
    with pytest.raises(Conflict):
        await patch_status(client, service, [ADDRESS], {}, OURS)
    fenced = await client.get(SERVICES, "web", service.metadata.namespace)
    assert fenced.metadata.annotations == {"theirs": "kept", FENCED: version}
    assert fenced.status == service.status
    await make_void(client, key, version)
    assert await client.get(SERVICES, "web", service.metadata.namespace) == fenced


async def test_a_write_to_a_service_that_is_gone_is_void(client, service):
    await client.delete(SERVICES, "web", service.metadata.namespace)
    await make_void(client, f"{service.metadata.namespace}/web", service.metadata.resource_version)


async def test_a_status_that_the_api_server_refuses_says_the_field(client, service):
    with pytest.raises(GiveUp) as raised:
        await patch_status(client, service, [LoadBalancerIngress(ip="garbage")], {}, OURS)
    assert raised.value.code == 422
    assert "status.loadBalancer.ingress[0].ip" in str(raised.value)
    assert "garbage" in str(raised.value)


async def test_a_json_patch_changes_what_it_names_and_nothing_else(client, service):
    namespace = service.metadata.namespace
    steps = [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": service.metadata.resource_version},
        {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}},
    ]
    written = await client.patch(SERVICES, "web", steps, namespace=namespace)
    assert (written.metadata.labels, written.metadata.annotations) == ({"a": "b"}, {"theirs": "kept"})
    assert written.spec == service.spec


async def test_a_json_patch_on_an_old_version_is_a_conflict(client, service):
    namespace = service.metadata.namespace
    await client.patch(SERVICES, "web", {"metadata": {"labels": {"a": "b"}}}, namespace=namespace)
    version = service.metadata.resource_version
    steps = [{"op": "replace", "path": "/metadata/resourceVersion", "value": version}]
    with pytest.raises(Conflict):
        await client.patch(SERVICES, "web", steps, namespace=namespace)


@pytest.fixture
async def recorder(client):
    made = Recorder(client, "anvil-lb-test", "here")
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.wait([task])


async def events(client, namespace, uid):
    selection = Selection(namespace, f"involvedObject.uid={uid}")
    pages = [page async for page in client.list_pages(EVENTS, selection)]
    return [json.loads(bytes(item)) for page in pages for item in page.items or ()]


async def awaited_events(client, namespace, uid, condition):
    async with asyncio.timeout(20):
        while not condition(found := await events(client, namespace, uid)):  # noqa: ASYNC110 - seen by asking
            await asyncio.sleep(0.05)
    return found


async def test_an_event_appears_with_its_object(client, service, recorder):
    recorder.warning(reference(SERVICES, service), "AllocationFailed", "no address is free")
    namespace, uid = service.metadata.namespace, service.metadata.uid
    (event,) = await awaited_events(client, namespace, uid, bool)
    assert event["involvedObject"] == {
        "apiVersion": "v1",
        "kind": "Service",
        "name": "web",
        "namespace": namespace,
        "uid": uid,
    }
    assert (event["type"], event["reason"]) == ("Warning", "AllocationFailed")
    assert event["message"] == "no address is free"
    assert event["source"] == {"component": "anvil-lb-test", "host": "here"}
    assert (event["reportingComponent"], event["reportingInstance"]) == ("anvil-lb-test", "here")
    assert event["firstTimestamp"] == event["lastTimestamp"]
    assert event["count"] == 1


async def test_an_event_repeated_is_counted_in_the_one_that_exists(client, service, recorder):
    about = reference(SERVICES, service)
    namespace, uid = service.metadata.namespace, service.metadata.uid
    recorder.normal(about, "IPAllocated", "Assigned 10.0.0.1")
    await awaited_events(client, namespace, uid, bool)
    for _ in range(4):
        recorder.normal(about, "IPAllocated", "Assigned 10.0.0.1")
    recorder.normal(about, "IPAllocated", "Assigned 10.0.0.2")
    found = await awaited_events(client, namespace, uid, lambda found: len(found) == 2)
    assert {event["message"]: event["count"] for event in found} == {
        "Assigned 10.0.0.1": 5,
        "Assigned 10.0.0.2": 1,
    }


async def test_an_event_repeated_after_it_expired_is_created_again(client, service, recorder):
    about = reference(SERVICES, service)
    namespace, uid = service.metadata.namespace, service.metadata.uid
    recorder.normal(about, "IPAllocated", "Assigned 10.0.0.1")
    (event,) = await awaited_events(client, namespace, uid, bool)
    await client.delete(EVENTS, event["metadata"]["name"], namespace)
    recorder.normal(about, "IPAllocated", "Assigned 10.0.0.1")
    (again,) = await awaited_events(client, namespace, uid, bool)
    assert again["count"] == 2


async def test_an_event_about_an_object_without_a_namespace_is_in_default(client, namespace, recorder):
    subject = await client.get(NAMESPACES, namespace)
    recorder.normal(reference(NAMESPACES, subject), "Seen", "just so")
    (event,) = await awaited_events(client, "default", subject.metadata.uid, bool)
    assert event["involvedObject"]["kind"] == "Namespace"
    await client.delete(EVENTS, event["metadata"]["name"], "default")


async def test_an_event_about_a_pool_names_its_group(client, namespace, recorder):
    pool = ObjectReference("metallb.io/v1beta1", "IPAddressPool", "edge", namespace, "uid-of-edge")
    recorder.warning(pool, "Rejected", "spec.addresses[0]: not a range")
    (event,) = await awaited_events(client, namespace, "uid-of-edge", bool)
    assert event["involvedObject"]["apiVersion"] == "metallb.io/v1beta1"


async def test_an_event_that_is_refused_is_logged_and_the_next_one_goes_out(
    client, service, recorder, caplog
):
    elsewhere = ObjectReference("v1", "Service", "web", "no-such-namespace", "uid-1")
    recorder.normal(elsewhere, "IPAllocated", "Assigned 10.0.0.1")
    recorder.normal(reference(SERVICES, service), "IPAllocated", "Assigned 10.0.0.1")
    await awaited_events(client, service.metadata.namespace, service.metadata.uid, bool)
    assert "event IPAllocated on Service no-such-namespace/web dropped" in caplog.text


async def test_the_key_is_made_once_however_many_ask(client, namespace):
    made = await asyncio.gather(*(ensure_memberlist_key(client, namespace) for _ in range(5)))
    again = await ensure_memberlist_key(client, namespace)
    assert {secret.data[SECRET_KEY] for secret in made} == {again.data[SECRET_KEY]}
    text = again.data[SECRET_KEY]
    assert len(base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)) == 32
    assert text.decode() not in repr(again)


async def test_the_key_goes_with_its_owner(client, service):
    namespace = service.metadata.namespace
    owner = OwnerReference("v1", "Service", "web", service.metadata.uid)
    await ensure_memberlist_key(client, namespace, owner)
    selection = Selection(namespace, named("memberlist"))
    (page,) = [page async for page in client.list_pages(SECRETS, selection)]
    (secret,) = [json.loads(bytes(item)) for item in page.items]
    assert secret["metadata"]["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Service", "name": "web", "uid": service.metadata.uid}
    ]


async def test_a_secret_without_the_key_is_named_with_what_to_do(client, namespace):
    await client.create(SECRETS, {"metadata": {"name": "memberlist"}}, namespace)
    with pytest.raises(GiveUp) as raised:
        await ensure_memberlist_key(client, namespace)
    assert str(raised.value) == (
        f"Secret {namespace}/memberlist holds no entry secretkey. Delete the Secret; the"
        " controller makes it anew within a minute."
    )
