import pytest

from lb.api.meta import ObjectMeta
from lb.api.service import LoadBalancerIngress, Service, ServiceCondition
from lb.cluster.errors import Conflict, GiveUp, Retry
from lb.cluster.resource import SERVICES
from lb.cluster.service_status import body, make_void, patch_status

OURS = ServiceCondition("anvil-lb.io/AddressAllocated", "True", "Allocated", "fine", "2026-01-01T00:00:00Z")
FENCED = "anvil-lb.io/fenced"
BOTH = [LoadBalancerIngress(ip="10.0.0.1"), LoadBalancerIngress(ip="fd00::1")]


def test_the_patch_holds_the_version_the_addresses_our_annotations_our_condition_and_nothing_else():
    assert body("7", BOTH, {"metallb.io/ip-allocated-from-pool": "edge"}, OURS) == {
        "metadata": {
            "resourceVersion": "7",
            "annotations": {"metallb.io/ip-allocated-from-pool": "edge"},
        },
        "status": {
            "loadBalancer": {"ingress": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]},
            "conditions": [{"type": OURS.type, "$patch": "delete"}, OURS],
        },
    }


def test_no_address_and_no_annotation_are_null_which_takes_them_away_and_a_condition_is_deleted_by_its_type():
    assert body("7", [], {"a": None}, OURS.type) == {
        "metadata": {"resourceVersion": "7", "annotations": {"a": None}},
        "status": {
            "loadBalancer": {"ingress": None},
            "conditions": [{"type": OURS.type, "$patch": "delete"}],
        },
    }


class Server:
    """An API server that answers each patch with *answer*, and remembers it."""

    def __init__(self, answer=None):
        self.answer = answer
        self.sent = []

    async def patch(self, resource, name, body, *, namespace, subresource, strategic):
        self.sent.append((resource, f"{namespace}/{name}", subresource, strategic, body))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_a_status_is_patched_strategically_in_the_version_that_was_decided_on():
    given = Service(ObjectMeta("web", "shop", resource_version="7"))
    server = Server(given)
    assert await patch_status(server, given, BOTH, {}, OURS) is given
    assert server.sent == [(SERVICES, "shop/web", "status", True, body("7", BOTH, {}, OURS))]


async def test_a_late_write_is_made_void_by_an_annotation_that_changes_the_version_it_is_bound_to():
    server = Server()
    await make_void(server, "shop/web", "7")
    patch = {"metadata": {"resourceVersion": "7", "annotations": {FENCED: "7"}}}
    assert server.sent == [(SERVICES, "shop/web", "status", True, patch)]


@pytest.mark.parametrize(
    ("answer", "is_void"),
    [
        pytest.param(Conflict("409"), True, id="it is past that version"),
        pytest.param(GiveUp("404", 404), True, id="it is gone"),
        pytest.param(GiveUp("403", 403), False, id="we may not"),
        pytest.param(Retry("503"), False, id="nobody knows"),
    ],
)
async def test_a_late_write_is_void_only_if_the_answer_says_so(answer, is_void):
    if is_void:
        await make_void(Server(answer), "shop/web", "7")
    else:
        with pytest.raises(type(answer)):
            await make_void(Server(answer), "shop/web", "7")
