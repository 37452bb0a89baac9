"""Addresses that the cluster uses itself, which a pool should leave alone; and the subnets of its nodes."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from lb.api.node import Node
from lb.api.service_cidr import ServiceCIDR
from lb.config.ranges import AddressRange, parse_address, parse_range

Own = tuple[int, int, str]
"""IP version and number of an address, and the node that has it."""


class Ground(Struct, frozen=True):
    """`own` are the nodes' addresses, sorted; `blocks` each with its use; `subnets` those of all nodes."""

    own: tuple[Own, ...] = ()
    blocks: tuple[tuple[AddressRange, str], ...] = ()
    subnets: tuple[AddressRange, ...] = ()

    def nodes_in(self, span: AddressRange) -> Iterator[tuple[str, str]]:
        """Each address of a node in *span*, and the node."""
        at = bisect_left(self.own, (span.version, span.first, ""))
        for version, number, node in self.own[at:]:
            if version != span.version or number > span.last:
                return
            yield str(span.address(number)), node

    def uses_of(self, span: AddressRange) -> Iterator[str]:
        """What addresses of *span* are used for."""
        return (use for block, use in self.blocks if block.overlaps(span))

    def reaches(self, span: AddressRange) -> bool:
        """Whether all of *span* is in a subnet that some node is on; where none is known, it may be."""
        known = [each for each in self.subnets if each.version == span.version]
        return not self.subnets or any(each.first <= span.first and span.last <= each.last for each in known)


def survey(
    nodes: Collection[Node], cidrs: Iterable[ServiceCIDR], subnets: Mapping[str, tuple[AddressRange, ...]]
) -> Ground:
    """The ground that *nodes*, *cidrs* and *subnets* (by node) make."""
    own = {
        (address.version, int(address), node.metadata.name)
        for node in nodes
        for each in node.status.addresses
        if (address := parse_address(each.address)) is not None
    }
    texts = [(text, f"the Service CIDR {text}") for each in cidrs for text in each.spec.cidrs]
    texts += [
        (text, f"{text}, the Pod CIDR of node {node.metadata.name}")
        for node in nodes
        for text in node.spec.pod_cidrs
    ]
    blocks = ((parse_range(text), use) for text, use in sorted(texts))
    return Ground(
        tuple(sorted(own)),
        tuple((span, use) for span, use in blocks if isinstance(span, AddressRange)),
        tuple(sorted({span for each in subnets.values() for span in each})),
    )
