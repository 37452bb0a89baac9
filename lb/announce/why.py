"""The reasons for which a node, or the whole cluster, announces an address or does not.

One member feeds log, event, metric label and explanation; the value is the clause that a person reads.
"""

from enum import StrEnum


class Why(StrEnum):
    """Why a node does or does not announce an address."""

    ELIGIBLE = "may announce"
    OUTRANKED = "may announce, but another node ranks before it"
    NOT_SELECTED = "is selected by no L2Advertisement of the pool"
    NO_SPEAKER = "has no speaker that is heard and ready"
    NETWORK_UNAVAILABLE = "has condition NetworkUnavailable"
    EXCLUDED = "has label node.kubernetes.io/exclude-from-external-load-balancers"
    NO_LOCAL_ENDPOINT = "has no serving endpoint, and externalTrafficPolicy is Local"


class WhyNobody(StrEnum):
    """Why no node announces a Service at all."""

    NOT_OURS = "the Service is not of type LoadBalancer and of our class"
    NO_ADDRESS = "the Service has no address yet"
    NO_POOL = "the address lies in no pool"
    NO_ADVERTISEMENT = "no L2Advertisement covers the pool and the Service"
    NO_ENDPOINT = "the Service has no serving endpoint"
    NO_NODE = "no node may announce"
    NODE_ADDRESS = "the address is a node's own, and that node answers for it"
    NO_NDP = "announcing IPv6 addresses (NDP) is not supported yet"
