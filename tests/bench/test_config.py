"""How fast a large configuration is read, and read again when one object of it has changed."""

import statistics
import time

from msgspec import Raw, json

from lb.api.custom_resource import CustomResource
from lb.api.meta import ObjectMeta
from lb.config.memory import Memory
from lb.config.parser import parse
from lb.config.resources import Resources, with_object

EACH = 1_000
RUNS = 21


def resource(name, spec):
    return CustomResource(ObjectMeta(name=name, namespace="metallb-system"), Raw(json.encode(spec)))


def pool(number, length=24):
    return resource(f"pool-{number}", {"addresses": [f"10.{number // 250}.{number % 250}.0/{length}"]})


def peer(number, hold=90):
    address = f"172.16.{number // 250}.{number % 250 + 1}"
    times = {"holdTime": f"{hold}s"}
    return resource(f"peer-{number}", {"myASN": 64512, "peerASN": 64513, "peerAddress": address, **times})


def test_parse(figures):
    pools, peers = tuple(map(pool, range(EACH))), tuple(map(peer, range(EACH)))
    everything = resource("all", {})
    given = Resources(
        pools=pools, peers=peers, l2_advertisements=(everything,), bgp_advertisements=(everything,)
    )
    scratch = [_timed(given) for _ in range(5)]
    figures["config.parse_2000_s"] = statistics.median(scratch)

    memory = Memory()
    parsed = parse(given, memory=memory)
    assert (len(parsed.config.pools), len(parsed.config.peers)) == (EACH, EACH)
    assert not parsed.rejections
    again = []
    for run in range(RUNS):
        if run % 2:
            changed = with_object(given, "IPAddressPool", "pool-7", pool(7, 25 + run % 5))
        else:
            changed = with_object(given, "BGPPeer", "peer-7", peer(7, 100 + run))
        began = time.perf_counter()
        after = parse(changed, parsed.config, memory)
        again.append(time.perf_counter() - began)
        assert after.config != parsed.config
        given, parsed = changed, after
    figures["config.reparse_one_s"] = statistics.median(again)
    figures["config.reparse_one_worst_s"] = max(again)


def _timed(given):
    began = time.perf_counter()
    parse(given)
    return time.perf_counter() - began
