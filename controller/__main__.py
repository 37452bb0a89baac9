"""`python3 -m controller`: the process that allocates, from start to signal."""

import sys

from controller.controller import Controller
from controller.settings import Settings, read_settings
from lb.cluster.client import Client
from lb.cluster.credentials import load
from lb.cluster.errors import ApiError
from lb.observe.health import serve_health
from lb.observe.lifetime import run_process, until_signalled
from lb.observe.logs import log_as_json
from lb.observe.metrics import process_registry

EVERYWHERE = ""
"""Probes come from the node, to the pod's address."""


async def run(settings: Settings) -> None:
    """Allocate until a signal."""
    registry = process_registry()
    async with Client(await load(settings.kubeconfig), "anvil-lb-controller") as client:
        controller = Controller(settings, client, registry)
        async with serve_health(
            EVERYWHERE,
            settings.health_port,
            registry=registry,
            not_ready=controller.not_ready,
            debug=controller.debug,
        ):
            await until_signalled(controller.run())


if __name__ == "__main__":
    given = read_settings(sys.argv[1:])
    log_as_json(given.log_level)
    run_process("controller", run(given), ApiError)
