"""A Service as an election sees it: its addresses, and where packets to them can be served."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from lb.api.endpoint_slice import Endpoint, EndpointSlice
from lb.config.config import L2Advertisement
from lb.config.ranges import Address


class Endpoints(Struct, frozen=True):
    """Where a Service is served.

    `exist` tells whether any endpoint serves. `on` has the nodes with a serving endpoint, and for each
    whether one of them is there to stay: ready, and not terminating.
    """

    exist: bool = False
    on: Mapping[str, bool] = {}


NONE = Endpoints()


def endpoints_in(slices: Iterable[EndpointSlice]) -> Endpoints:
    """What *slices*, all of one Service, tell of its endpoints."""
    exist = False
    on: dict[str, bool] = {}
    for each in slices:
        for endpoint in each.endpoints or ():
            if endpoint.addresses and _serves(endpoint):
                exist = True
                if endpoint.node_name:
                    on[endpoint.node_name] = on.get(endpoint.node_name, False) or _stays(endpoint)
    return Endpoints(exist, on)


def _serves(endpoint: Endpoint) -> bool:
    """Ready, of unknown readiness, or terminating but still serving (KEP-1669)."""
    return endpoint.conditions.ready is not False or endpoint.conditions.serving is True


def _stays(endpoint: Endpoint) -> bool:
    return endpoint.conditions.ready is not False and endpoint.conditions.terminating is not True


class Case(Struct, frozen=True, eq=False):
    """A Service that is to be announced.

    `local` is None where every node can serve it, and else (externalTrafficPolicy Local) as `Endpoints.on`.
    `gate` is the healthCheckNodePort at which a node's kube-proxy has to answer first; 0: none.
    """

    addresses: tuple[Address, ...]
    advertisements: tuple[L2Advertisement, ...]
    local: Mapping[str, bool] | None = None
    gate: int = 0

    @property
    def versions(self) -> frozenset[int]:
        """The IP versions of its addresses."""
        return frozenset(each.version for each in self.addresses)
