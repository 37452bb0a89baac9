"""A wire between a client and the API server, which can be cut: real bytes, another port of loopback."""

import asyncio
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import yaml


class Wire:
    def __init__(self, host, port):
        self._there = (host, port)
        self._whole = True
        self._ends = set()

    def cut(self):
        """Every connection ends now, and new ones end at once."""
        self._whole = False
        for writer in self._ends:
            writer.transport.abort()

    def mend(self):
        self._whole = True

    async def carry(self, reader, writer):
        if not self._whole:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection(*self._there)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, there_writer}
        self._ends |= pair
        try:
            await asyncio.gather(_pour(reader, there_writer), _pour(there_reader, writer))
        finally:
            self._ends -= pair
            for end in pair:
                end.transport.abort()


async def _pour(reader, writer):
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def wire(kubeconfig, folder):
    """A wire to the API server of *kubeconfig*, and a kubeconfig in *folder* that leads over it."""
    config = yaml.safe_load(kubeconfig.read_text())
    there = urlsplit(config["clusters"][0]["cluster"]["server"])
    between = Wire(there.hostname, there.port)
    server = await asyncio.start_server(between.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    over = folder / "over-the-wire.kubeconfig"
    over.write_text(yaml.safe_dump(config))
    try:
        yield between, str(over)
    finally:
        server.close()
        between.cut()
        await server.wait_closed()
