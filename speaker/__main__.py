"""`python3 -m speaker`: the process on each node, from start to signal."""

import sys

from lb.cluster.client import Client
from lb.cluster.credentials import load
from lb.cluster.errors import ApiError
from lb.observe.garbage import look_seldom
from lb.observe.health import serve_health
from lb.observe.lifetime import run_process, until_signalled
from lb.observe.logs import log_as_json
from lb.observe.metrics import process_registry
from speaker.settings import Settings, read_settings
from speaker.speaker import Speaker


async def run(settings: Settings) -> None:
    """Announce until a signal, then leave in good order."""
    registry = process_registry()
    async with Client(await load(settings.kubeconfig), "anvil-lb-speaker") as client:
        speaker = Speaker(settings, client, registry)
        async with serve_health(
            "127.0.0.1",
            settings.health_port,
            registry=registry,
            not_ready=speaker.not_ready,
            debug=speaker.debug,
            explain=speaker.explain,
        ):
            await until_signalled(speaker.run(), speaker.leave)


if __name__ == "__main__":
    given = read_settings(sys.argv[1:])
    log_as_json(given.log_level)
    look_seldom()
    run_process("speaker", run(given), ApiError)
