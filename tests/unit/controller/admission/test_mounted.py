import asyncio
import ssl

from controller.admission.certificates import Pair
from controller.admission.mounted import serve_mounted


class Server:
    def __init__(self):
        self.served = asyncio.Queue()

    def use(self, pair):
        if pair.key == b"bad":
            raise ssl.SSLError(1, "no key")
        self.served.put_nowait(pair)


def mount(folder, certificate, key):
    (folder / "tls.crt").write_bytes(certificate)
    (folder / "tls.key").write_bytes(key)


async def test_mounted_keys_are_served_when_they_come_and_when_they_change(tmp_path, caplog):
    server = Server()
    task = asyncio.create_task(serve_mounted(tmp_path, server.use, period=0.001))
    async with asyncio.timeout(10):
        while not caplog.messages:  # noqa: ASYNC110 - seen by looking
            await asyncio.sleep(0)
        mount(tmp_path, b"one", b"key")
        while (got := await server.served.get()) != Pair(b"one", b"key"):
            assert got.certificate == b"one"  # a read between the two writes
        mount(tmp_path, b"one", b"bad")
        while "no key" not in caplog.text:  # noqa: ASYNC110 - seen by looking
            await asyncio.sleep(0)
        mount(tmp_path, b"two", b"key")
        while await server.served.get() != Pair(b"two", b"key"):
            pass
    task.cancel()
    await asyncio.wait([task])
    missing = f"the webhooks' keys in {tmp_path} cannot be used: [Errno 2] No such file or directory"
    assert caplog.messages[0].startswith(missing)
