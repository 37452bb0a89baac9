"""Node (core/v1): where speakers run, and what keeps a node from announcing."""

from msgspec import field

from lb.api.meta import ObjectMeta, Value

EXCLUDE_FROM_LOAD_BALANCERS = "node.kubernetes.io/exclude-from-external-load-balancers"
"""Label that takes a node out of load balancing, whatever its value (KEP-1143)."""
DRAIN = "anvil-lb.io/drain"
"""Label that, with value "true", lets a node hand over what it announces, and take nothing."""
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
"""Key of the taint by which a person says that a node is shut down (KEP-2268)."""
NETWORK_UNAVAILABLE = "NetworkUnavailable"
INTERNAL_IP = "InternalIP"


class NodeCondition(Value, frozen=True):
    """core/v1 NodeCondition."""

    type: str
    status: str


class NodeAddress(Value, frozen=True):
    """core/v1 NodeAddress."""

    type: str
    address: str


class NodeStatus(Value, frozen=True):
    """core/v1 NodeStatus."""

    conditions: tuple[NodeCondition, ...] = ()
    addresses: tuple[NodeAddress, ...] = ()


class Taint(Value, frozen=True):
    """core/v1 Taint."""

    key: str


class NodeSpec(Value, frozen=True):
    """core/v1 NodeSpec."""

    pod_cidrs: tuple[str, ...] = field(name="podCIDRs", default=())
    taints: tuple[Taint, ...] = ()


class Node(Value, frozen=True):
    """core/v1 Node."""

    metadata: ObjectMeta
    status: NodeStatus = NodeStatus()
    spec: NodeSpec = NodeSpec()
