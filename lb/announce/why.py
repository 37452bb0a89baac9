"""The reasons for which a node, or the whole cluster, announces an address or does not.

One member feeds log, event, metric label and explanation; the value is the clause that a person reads.
"""

from enum import StrEnum


class Why(StrEnum):
    """Why a node does or does not announce an address."""

    ELIGIBLE = "may announce"
    OUTRANKED = "may announce, but another node ranks before it"
    NOT_HOLDER = "may announce, but another node serves the address already"
    LESS_PREFERRED = "may announce, but an L2Advertisement prefers another node"
    TERMINATING = "may announce, but its endpoints are terminating, and those of another node are not"
    SERVES_FEWER = (
        "may announce, but can serve fewer of the Services that share the address than another node"
    )
    NO_IPV6 = "may announce, but has no interface that carries IPv6, and another node has"
    NOT_SELECTED = "is selected by no L2Advertisement of the pool"
    NO_SPEAKER = "has no speaker that is heard and ready"
    NETWORK_UNAVAILABLE = "has condition NetworkUnavailable"
    OUT_OF_SERVICE = "has taint node.kubernetes.io/out-of-service"
    DRAINED = 'has label anvil-lb.io/drain: "true"'
    NO_INTERFACE = "has none of the interfaces up that the L2Advertisements allow and the IP version needs"
    NO_LOCAL_ENDPOINT = "has no serving endpoint, and externalTrafficPolicy is Local"
    NOT_HEALTHY = "has no kube-proxy that answers 200 at the Service's healthCheckNodePort"
    NOT_FOR_OTHERS = "may not announce another Service that shares the address"
    EXCLUDED = "has label node.kubernetes.io/exclude-from-external-load-balancers"


class WhyNobody(StrEnum):
    """Why no node announces a Service at all."""

    NOT_OURS = "the Service is not of type LoadBalancer and of our class"
    NO_ADDRESS = "the Service has no address yet"
    NO_POOL = "the address lies in no pool"
    NO_ADVERTISEMENT = "no L2Advertisement covers the pool and the Service"
    LEFT_TO_BGP = "no L2Advertisement covers the pool and the Service, but a BGPAdvertisement covers the pool"
    NO_ENDPOINT = "the Service has no serving endpoint"
    NO_NODE = "no node may announce"
    ALL_EXCLUDED = (
        "each node that could announce has label node.kubernetes.io/exclude-from-external-load-balancers;"
        " remove it from one of them, or start the speakers with --ignore-exclude-lb"
    )
    NODE_ADDRESS = "the address is a node's own, and that node answers for it"
