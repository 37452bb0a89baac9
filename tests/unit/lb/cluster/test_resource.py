import pytest

from lb.api.meta import ObjectMeta
from lb.cluster.resource import (
    ENDPOINT_SLICES,
    EVERYTHING,
    IP_ADDRESS_POOLS,
    NODES,
    SERVICES,
    Partial,
    Selection,
    key_of,
    named,
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(SERVICES.path(), "/api/v1/services", id="all of the core group"),
        pytest.param(NODES.path(name="n1"), "/api/v1/nodes/n1", id="one of the cluster"),
        pytest.param(
            SERVICES.path("shop", "web", "status"),
            "/api/v1/namespaces/shop/services/web/status",
            id="a subresource",
        ),
        pytest.param(
            ENDPOINT_SLICES.path("shop"),
            "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices",
            id="a namespace of a named group",
        ),
        pytest.param(
            IP_ADDRESS_POOLS.path("metallb-system"),
            "/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools",
            id="custom resources",
        ),
        pytest.param(SERVICES.path("a/b", ".."), "/api/v1/namespaces/a%2Fb/services/..", id="odd names"),
    ],
)
def test_paths_are_those_of_the_kubernetes_api(path, expected):
    assert path == expected


def test_a_selection_asks_only_for_what_it_names():
    assert EVERYTHING.query == {}
    assert Selection("ns", named("memberlist"), "app=x").query == {
        "fieldSelector": "metadata.name=memberlist",
        "labelSelector": "app=x",
    }


def test_a_name_cannot_widen_what_is_selected():
    assert named(r"a,b=c\d") == r"metadata.name=a\,b\=c\\d"


def test_a_key_holds_the_namespace_if_there_is_one():
    assert key_of(Partial(ObjectMeta(name="web", namespace="shop"))) == "shop/web"
    assert key_of(Partial(ObjectMeta(name="n1"))) == "n1"
