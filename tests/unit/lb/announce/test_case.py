import pytest

from lb.announce.case import Endpoints, endpoints_in
from lb.api.endpoint_slice import Endpoint, EndpointConditions, EndpointSlice
from lb.api.meta import ObjectMeta


def slice_of(*endpoints):
    return EndpointSlice(ObjectMeta(), endpoints)


def endpoint(ready=None, serving=None, terminating=None, node="n"):
    return Endpoint(("10.244.0.5",), EndpointConditions(ready, serving, terminating), node)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param(endpoint(True, True), Endpoints(True, {"n": True}), id="ready"),
        pytest.param(endpoint(), Endpoints(True, {"n": True}), id="unknown, to be read as ready"),
        pytest.param(endpoint(True), Endpoints(True, {"n": True}), id="ready, serving unknown"),
        pytest.param(
            endpoint(False, True, True), Endpoints(True, {"n": False}), id="terminating but still serving"
        ),
        pytest.param(
            endpoint(True, True, True),
            Endpoints(True, {"n": False}),
            id="terminating and published as ready",
        ),
        pytest.param(endpoint(False, False), Endpoints(), id="not ready"),
        pytest.param(endpoint(False), Endpoints(), id="not ready, serving unknown"),
        pytest.param(endpoint(False, False, True), Endpoints(), id="terminating and not serving"),
        pytest.param(endpoint(True, node=None), Endpoints(True), id="on no node"),
        pytest.param(Endpoint(), Endpoints(), id="without an address"),
    ],
)
def test_an_endpoint_serves_while_it_is_ready_or_still_serving(given, found):
    assert endpoints_in([slice_of(given)]) == found


def test_endpoints_of_all_slices_count_and_one_that_stays_is_enough():
    leaving = endpoint(False, True, True)
    slices = [
        slice_of(leaving, endpoint(node="m")),
        EndpointSlice(ObjectMeta(), None),
        slice_of(endpoint(), leaving, endpoint(False, True, True, "o")),
    ]
    assert endpoints_in(slices) == Endpoints(True, {"n": True, "m": True, "o": False})


def test_without_slices_there_is_nothing():
    assert endpoints_in([]) == Endpoints(False, {})
