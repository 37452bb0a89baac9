"""A stand-in for an API server that misbehaves as no real one can be told to. It counts what it is asked.

It serves one Service; how it serves that is set by `behaviour`, which may change while it runs.
"""

import asyncio
from contextlib import asynccontextmanager

from aiohttp import web

SERVICE = (
    '{"metadata":{"name":"web","namespace":"shop","uid":"1","resourceVersion":"7"},'
    '"spec":{"type":"LoadBalancer"},"status":{"loadBalancer":{"ingress":[{"ip":"10.0.0.1"}]}}}'
)
LIST = '{"kind":"ServiceList","metadata":{"resourceVersion":"7"},"items":[' + SERVICE + "]}"


class MisbehavingApiServer:
    def __init__(self):
        self.requests = []
        """"list", "watch", or the method of anything else."""
        self._behaviour = well
        self._changed = asyncio.Event()

    @property
    def behaviour(self):
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour):
        """From now on; watches that stand are cut and nothing is counted yet."""
        self._behaviour = behaviour
        self._changed.set()
        self._changed = asyncio.Event()
        self.requests.clear()

    async def answer(self, request):
        self.requests.append(kind(request))
        return await self._behaviour(request, self._changed.wait)


def kind(request):
    if request.method != "GET":
        return request.method
    return "watch" if "watch" in request.query else "list"


async def well(request, change):
    """A list, and a watch which stands and carries nothing."""
    if kind(request) == "list":
        return json_text(LIST)
    response = await started_watch(request)
    await change()
    return response


async def forbidden(request, change):
    return status(403, "Forbidden", 'services is forbidden: User "us" cannot do that')


async def internal_error(request, change):
    return status(500, "InternalError", "etcdserver: leader changed")


async def busy(request, change):
    response = status(429, "TooManyRequests", "please try again later")
    response.headers["Retry-After"] = "7"
    return response


async def page(request, change):
    return web.Response(text="<html><title>Sign in</title></html>", content_type="text/html")


async def truncated(request, change):
    """JSON that is half of a list, whole as far as HTTP can tell."""
    return json_text(LIST[: len(LIST) // 2])


async def silent(request, change):
    """Accepts, and never answers."""
    await change()
    return web.Response()


async def cuts_watches(request, change):
    if kind(request) == "list":
        return json_text(LIST)
    response = await started_watch(request)
    await asyncio.sleep(0.1)
    return response


async def forgets_at_once(request, change):
    """Each watch says that its version is too old."""
    if kind(request) == "list":
        return json_text(LIST)
    response = await started_watch(request)
    told = '{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}'
    await response.write(b'{"type":"ERROR","object":' + told.encode() + b"}\n")
    return response


async def babbles(request, change):
    """Events that are no JSON."""
    if kind(request) == "list":
        return json_text(LIST)
    response = await started_watch(request)
    await response.write(b"I'm a teapot\n")
    return response


async def started_watch(request):
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    return response


def json_text(text):
    return web.Response(text=text, content_type="application/json")


def status(code, reason, message):
    body = {"kind": "Status", "code": code, "reason": reason, "message": message}
    return web.json_response(body, status=code)


@asynccontextmanager
async def misbehaving(folder):
    """The stand-in and a kubeconfig in *folder* that leads to it; its token is `s3cret`."""
    server = MisbehavingApiServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(
        f"""{{apiVersion: v1, kind: Config, current-context: x,
        clusters: [{{name: c, cluster: {{server: "http://127.0.0.1:{port}"}}}}],
        users: [{{name: u, user: {{token: s3cret}}}}],
        contexts: [{{name: x, context: {{cluster: c, user: u}}}}]}}"""
    )
    try:
        yield server, str(kubeconfig)
    finally:
        await runner.cleanup()
