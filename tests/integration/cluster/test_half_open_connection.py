"""An API server whose machine falls silent, without a word of goodbye, is noticed."""

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from lb.lab import control_plane as lab_control_plane
from lb.lab import namespaces
from tests.integration.cluster import watcher


async def test_a_watch_whose_other_end_fell_silent_is_noticed_by_the_kernels_probes(control_plane, tmp_path):
    kubeconfig = on_the_segment(control_plane.kubeconfig, tmp_path)
    async with watching(control_plane.client("watcher"), kubeconfig) as says:
        assert await says("following")
        control_plane.link_down("control-plane")
        try:
            lost = await says("watch /api/v1/services: no answer")  # a silence without probes says otherwise
            assert lost.startswith("watch /api/v1/services: no answer from the API server: ")
        finally:
            control_plane.link_up("control-plane")
        assert await says("following")


def on_the_segment(kubeconfig, folder):
    """A kubeconfig that leads to the API server's own address instead of the host's loopback."""
    config = yaml.safe_load(kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = lab_control_plane.SERVER
    path = folder / "segment.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return str(path)


@asynccontextmanager
async def watching(host, kubeconfig):
    """The watcher at work on *host*; await `says(start)` for its next line that starts so."""
    root = str(Path(__file__).parents[3])
    argv = ["env", f"PYTHONPATH={root}", sys.executable, watcher.__file__, kubeconfig]
    process = await asyncio.create_subprocess_exec(
        *namespaces.command(host.namespace, argv), stdout=asyncio.subprocess.PIPE
    )

    async def says(start):
        async with asyncio.timeout(60):
            while line := (await process.stdout.readline()).decode().strip():
                if line.startswith(start):
                    return line
        raise AssertionError("the watcher ended")

    try:
        yield says
    finally:
        process.kill()
        await process.wait()
