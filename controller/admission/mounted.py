"""Keys that somebody else makes and mounts (--disable-cert-rotation), such as cert-manager.

They are read again and again, for the mount changes under us. Nothing is written anywhere. Names of the
files: Kubernetes' Secret type kubernetes.io/tls.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from controller.admission.certificates import CERTIFICATE, KEY, Pair

log = logging.getLogger(__name__)

PERIOD = 10.0
"""Seconds between looks."""


async def serve_mounted(folder: Path, serve: Callable[[Pair], None], period: float = PERIOD) -> NoReturn:
    """Call *serve* with the keys in *folder*, now or when they come, and again whenever they change."""
    served: Pair | None = None
    told = ""
    while True:
        try:
            found = Pair((folder / CERTIFICATE).read_bytes(), (folder / KEY).read_bytes())
            if found != served:
                serve(found)
                log.info("webhooks are served with the keys in %s", folder)
            served, told = found, ""
        except (OSError, ssl.SSLError) as wrong:
            if str(wrong) != told:
                log.error("the webhooks' keys in %s cannot be used: %s", folder, wrong)
            told = str(wrong)
        await asyncio.sleep(period)
