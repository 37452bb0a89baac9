"""How fast addresses are given, in an address space that fills up."""

import time

from msgspec import Raw

from lb.api.custom_resource import CustomResource
from lb.api.meta import ObjectMeta
from lb.config.parser import parse
from lb.config.resources import Resources
from lb.ipam.allocation import allocate
from lb.ipam.request import Request
from lb.ipam.space import Space

SERVICES = 50_000


def test_allocate(figures):
    pool = CustomResource(ObjectMeta(name="wide"), Raw(b'{"addresses": ["10.0.0.0/16"]}'))
    space = Space(parse(Resources(pools=(pool,))).config)
    began = time.perf_counter()
    for number in range(SERVICES):
        request = Request(f"default/{number}", (4,))
        space.hold(request.service, allocate(space, request).address)
    figures["ipam.allocate_per_s"] = SERVICES / (time.perf_counter() - began)
