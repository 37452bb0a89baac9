"""L2Advertisements: which are accepted, and what is wrong with the others."""

from collections.abc import Iterable, Iterator, Mapping

from lb.api.custom_resource import CustomResource
from lb.api.l2_advertisement import KIND, L2AdvertisementSpec
from lb.api.meta import LabelSelector
from lb.config.config import L2Advertisement
from lb.config.rejection import Reference, Rejection
from lb.config.selectors import fault
from lb.config.spec import decode

Accepted = dict[str, L2Advertisement]


def parse_l2_advertisements(
    objects: Iterable[CustomResource], last_good: Mapping[str, L2Advertisement]
) -> tuple[Accepted, list[Rejection]]:
    """The advertisements by name, and every rejection; one that is refused stays as *last_good* has it."""
    accepted: Accepted = {}
    refused: list[Rejection] = []
    for each in sorted(objects, key=lambda each: each.metadata.name):
        name = each.metadata.name
        advertisement = _parse_l2_advertisement(each)
        if isinstance(advertisement, L2Advertisement):
            accepted[name] = advertisement
            continue
        refused += advertisement
        if name in last_good:
            accepted[name] = last_good[name]
    return accepted, refused


def _parse_l2_advertisement(each: CustomResource) -> L2Advertisement | list[Rejection]:
    reference = Reference(KIND, each.metadata.name, each.metadata.namespace)
    spec = decode(reference, each.spec, L2AdvertisementSpec)
    if isinstance(spec, Rejection):
        return [spec]
    return list(_faulty_selectors(reference, spec)) or L2Advertisement(each.metadata.name, spec)


def _faulty_selectors(reference: Reference, spec: L2AdvertisementSpec) -> Iterator[Rejection]:
    for path, selector in _selectors(spec):
        for at, requirement in enumerate(selector.match_expressions):
            reason = fault(requirement)
            if reason is not None:
                where = f"spec.{path}.matchExpressions[{at}]"
                remedy = "Correct the operator or its values."
                yield Rejection(reference, where, requirement, reason, remedy)


def _selectors(spec: L2AdvertisementSpec) -> Iterator[tuple[str, LabelSelector]]:
    for at, selector in enumerate(spec.ip_address_pool_selectors):
        yield f"ipAddressPoolSelectors[{at}]", selector
    for at, selector in enumerate(spec.node_selectors):
        yield f"nodeSelectors[{at}]", selector
    for at, selector in enumerate(spec.service_selectors):
        yield f"serviceSelectors[{at}]", selector
    for at, preferred in enumerate(spec.preferred_node_selectors):
        yield f"preferredNodeSelectors[{at}].preference", preferred.preference
