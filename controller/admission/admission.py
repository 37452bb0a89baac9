"""Admission as one task: the port, its keys, and what is answered at each path."""

import asyncio
from pathlib import Path
from typing import NoReturn

from controller.admission import conversion, review
from controller.admission.mounted import serve_mounted
from controller.admission.review import PATHS, Decide
from controller.admission.rotator import Rotator
from controller.admission.server import Answer, WebhookServer
from controller.settings import WebhookSettings
from lb.api.webhook import ServiceReference
from lb.cluster.client import Client
from lb.config.conversion import convert

CONVERT = "/convert"


async def serve_admission(
    settings: WebhookSettings, namespace: str, client: Client, decide: Decide
) -> NoReturn:
    """Answer the API server until cancelled: *decide* on changes in *namespace*, and convert.

    OSError if the port cannot be had; other troubles are logged and tried again.
    """
    server = WebhookServer(settings.port, settings.tls, _answers(namespace, decide))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.run())
        if settings.mounted is None:
            service = ServiceReference(namespace, settings.service)
            tasks.create_task(Rotator(client, service, settings.secret, server.use).run())
        else:
            tasks.create_task(serve_mounted(Path(settings.mounted), server.use))
    raise AssertionError


def _answers(namespace: str, decide: Decide) -> dict[str, Answer]:
    def at(path: str) -> Answer:
        return lambda body: review.answer(body, path, namespace, decide)

    return {CONVERT: lambda body: conversion.answer(body, convert), **{path: at(path) for path in PATHS}}
