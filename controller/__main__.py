"""`python3 -m controller`: the process that allocates, from start to signal."""

import asyncio
import sys

from controller.admission.admission import serve_admission
from controller.controller import Controller
from controller.settings import Settings, WebhookMode, read_settings
from lb.cluster.client import Client
from lb.cluster.credentials import load
from lb.cluster.errors import ApiError
from lb.observe.garbage import look_seldom
from lb.observe.health import serve_health
from lb.observe.lifetime import run_process, until_signalled
from lb.observe.logs import log_as_json
from lb.observe.metrics import process_registry

EVERYWHERE = ""
"""Probes come from the node, to the pod's address."""


async def run(settings: Settings) -> None:
    """Allocate when it is our turn, and answer the API server about the configuration, until a signal."""
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
            await until_signalled(_work(settings, client, controller), controller.leave)


async def _work(settings: Settings, client: Client, controller: Controller) -> None:
    async with asyncio.TaskGroup() as tasks:
        if settings.webhook.mode is not WebhookMode.DISABLED:
            # From the start: reading the configuration may need its conversion.
            tasks.create_task(
                serve_admission(settings.webhook, settings.namespace, client, controller.review)
            )
        tasks.create_task(controller.run())


if __name__ == "__main__":
    given = read_settings(sys.argv[1:])
    log_as_json(given.log_level)
    look_seldom()
    run_process("controller", run(given), ApiError)
