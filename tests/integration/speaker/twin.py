"""A whole speaker as a process: `python -m tests.integration.speaker.twin NODE ADDRESS OTHER=ADDRESS...`.

It knows an API server of a few lines, with Services at the addresses of `ADDRESSES`, and tells what it knows
at the debug endpoint.
"""

import asyncio
import sys

from prometheus_client import CollectorRegistry

from lb.observe.health import serve_health
from lb.observe.logs import log_as_json
from speaker.settings import Settings
from speaker.speaker import Speaker

from .api_server import LB, OURS, THEIRS, ApiServer, endpoints, node, service

PORT, HEALTH = 7946, 17472
OURS6, THEIRS6 = "fd00::c9", "fd00::c8"
ADDRESSES = {"ours": OURS, "theirs": THEIRS, "ours6": OURS6, "theirs6": THEIRS6}
"""Of the Services, by name."""


def api_server(places):
    """One that knows the nodes at *places*."""
    api = ApiServer()
    api.objects["nodes"] = [node(name, address) for name, address in places.items()]
    api.objects["services"] = [service(name, address) for name, address in ADDRESSES.items()]
    api.objects["endpointslices"] = [endpoints(name) for name in ADDRESSES]
    pool = {
        "metadata": {"name": "edge", "namespace": LB},
        "spec": {"addresses": ["10.0.0.200-10.0.0.210", "fd00::c8-fd00::d0"]},
    }
    api.objects["ipaddresspools"] = [pool]
    return api


async def main(name, *places):
    addresses = dict(place.split("=") for place in places)
    api, registry = api_server(addresses), CollectorRegistry()
    settings = Settings(LB, name, addresses[name], PORT, HEALTH, None, "info", None)
    speaker = Speaker(settings, api, registry)
    async with serve_health(
        "127.0.0.1",
        HEALTH,
        registry=registry,
        not_ready=speaker.not_ready,
        debug=lambda: {**speaker.debug(), "messages": api.messages, "state": api.state["metadata"]},
        explain=speaker.explain,
    ):
        await speaker.run()


if __name__ == "__main__":
    log_as_json("info")
    asyncio.run(main(*sys.argv[1:]))
