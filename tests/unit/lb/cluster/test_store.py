import msgspec
from msgspec import Raw

from lb.cluster.resource import IP_ADDRESS_POOLS, SERVICES
from lb.cluster.store import Change, Store, Unreadable, identify


def service(version, name="web", **spec):
    metadata = {"name": name, "namespace": "shop", "resourceVersion": str(version)}
    return Raw(msgspec.json.encode({"metadata": metadata, "spec": spec}))


def pool(version, **spec):
    metadata = {"name": "edge", "namespace": "metallb-system", "resourceVersion": str(version)}
    return Raw(msgspec.json.encode({"metadata": metadata, "spec": spec}))


def test_a_new_object_is_a_change_from_nothing():
    store = Store(SERVICES)
    change = store.put(service(1, type="LoadBalancer"))
    assert change == Change("shop/web", None, store["shop/web"])
    assert store["shop/web"].spec.type == "LoadBalancer"


def test_a_field_that_we_read_is_a_change():
    store = Store(SERVICES)
    store.put(service(1, type="LoadBalancer"))
    old = store["shop/web"]
    assert store.put(service(2, type="ClusterIP")) == Change("shop/web", old, store["shop/web"])


def test_a_new_version_alone_is_kept_but_is_no_change():
    store = Store(SERVICES)
    store.put(service(1, type="LoadBalancer"))
    assert store.put(service(2, type="LoadBalancer", sessionAffinity="ClientIP")) is None
    assert store["shop/web"].metadata.resource_version == "2"


def test_the_spec_of_a_custom_resource_is_compared_as_it_is_written():
    store = Store(IP_ADDRESS_POOLS)
    store.put(pool(1, addresses=["10.0.0.0/24"]))
    assert store.put(pool(2, addresses=["10.0.0.0/24"])) is None
    assert isinstance(store.put(pool(3, addresses=["10.0.1.0/24"])), Change)


def test_an_object_that_goes_is_a_change_to_nothing_once():
    store = Store(SERVICES)
    store.put(service(1))
    old = store["shop/web"]
    assert store.drop("shop/web") == Change("shop/web", old, None)
    assert store.drop("shop/web") is None
    assert dict(store) == {}


def test_an_unreadable_object_keeps_its_last_good_version():
    store = Store(SERVICES)
    store.put(service(1, type="LoadBalancer"))
    assert store.put(service(2, type=3)) == Unreadable(
        "shop/web", "2", "Expected `str`, got `int` - at `$.spec.type`", kept=True
    )
    assert store["shop/web"].metadata.resource_version == "1"


def test_an_unreadable_object_that_was_never_good_is_left_out():
    store = Store(SERVICES)
    unreadable = store.put(service(2, type=3))
    assert isinstance(unreadable, Unreadable)
    assert not unreadable.kept
    assert dict(store) == {}


def test_an_unreadable_version_is_told_once():
    store = Store(SERVICES)
    assert store.put(service(2, type=3)) is not None
    assert store.put(service(2, type=3)) is None
    assert store.put(service(3, type=3)) is not None


def test_an_object_put_right_is_a_change_again():
    store = Store(SERVICES)
    store.put(service(1, type=3))
    assert isinstance(store.put(service(2, type="LoadBalancer")), Change)


def test_what_a_whole_list_does_not_hold_is_absent():
    store = Store(SERVICES)
    store.put(service(1, "a"))
    store.put(service(1, "b"))
    assert store.absent_from({"shop/a"}) == ["shop/b"]


def test_an_object_is_identified_however_wrong_the_rest_is():
    assert identify(service(7, type=3)).key == "shop/web"
    assert identify(service(7, type=3)).resource_version == "7"
    assert identify(Raw(b'{"metadata": {"name": "n1", "labels": 3}}')).key == "n1"
    assert identify(Raw(b'{"metadata": 3}')).key == ""
