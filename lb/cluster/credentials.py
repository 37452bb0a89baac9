"""Where the API server is, whom we trust to be it, and who we are: from a kubeconfig or from our pod.

How each kind of credential is read (token files, client certificates, exec plugins) is the `kubernetes`
package's to know. It is imported when credentials are loaded, as the import takes a third of a second.
"""

import logging
import os
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from yaml import YAMLError

from lb.cluster.errors import GiveUp

if TYPE_CHECKING:
    from kubernetes.aio.client import Configuration

log = logging.getLogger(__name__)

REFRESH_SECONDS = 60.0
"""Tokens and certificates are looked at again this often; kubelet renews tokens long before their end."""

_MALFORMED = (OSError, ValueError, TypeError, KeyError, AttributeError, YAMLError)
"""What the `kubernetes` package lets through, beside its own ConfigException, for files that are wrong."""

Load = Callable[[bool], Awaitable["Configuration"]]
"""Called with True when what it gave before was not accepted."""


class Access(Struct, frozen=True):
    """What one request needs. `authorization` is a secret."""

    server: str
    authorization: str | None
    ssl: ssl.SSLContext
    server_name: str | None
    proxy: str | None

    def __repr__(self) -> str:
        return f"Access({self.server}, not shown)"


class Credentials:
    """The current way in. Made by `load`."""

    def __init__(self, load: Load, now: Callable[[], float]) -> None:
        self._load = load
        self._now = now
        self._fresh_until = -float("inf")
        self._files: tuple[Any, ...] = ()
        self._access: Access | None = None

    async def access(self) -> Access:
        """Address and credentials, looked at again each minute. The last good ones stay when that fails.

        Raises GiveUp if there never were any.
        """
        if self._access is None or self._now() >= self._fresh_until:
            await self._renew(anew=False)
        assert self._access is not None
        return self._access

    async def rejected(self, used: Access) -> bool:
        """The API server did not accept *used* (401): look again, at everything. True: others are there."""
        if self._access is used:
            await self._renew(anew=True)
        return self._access is not used

    async def _renew(self, *, anew: bool) -> None:
        self._fresh_until = self._now() + REFRESH_SECONDS
        try:
            found = self._read(await self._load(anew))
        except (GiveUp, OSError) as wrong:
            if self._access is None:
                raise GiveUp(f"no credentials for the API server: {wrong}") from wrong
            log.warning("credentials cannot be renewed, the last good ones are used on: %s", wrong)
        else:
            self._access = found if found != self._access else self._access

    def _read(self, configuration: "Configuration") -> Access:
        token = configuration.api_key.get("BearerToken")
        return Access(
            server=configuration.host,
            authorization=token.strip() if token else None,
            ssl=self._tls(configuration),
            server_name=configuration.tls_server_name,
            proxy=configuration.proxy,
        )

    def _tls(self, configuration: "Configuration") -> ssl.SSLContext:
        """The same context as before while the files say the same, so that connections are used on."""
        paths = (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)
        files = (configuration.verify_ssl, *(Path(path).read_bytes() if path else None for path in paths))
        if self._access is None or files != self._files:
            self._files = files
            return _context(configuration)
        return self._access.ssl


async def load(kubeconfig: str | None = None, now: Callable[[], float] = time.monotonic) -> Credentials:
    """Credentials from *kubeconfig*, else `$KUBECONFIG`, else our pod's account, else `~/.kube/config`.

    Raises GiveUp that names the file and what is wrong with it.
    """
    path = kubeconfig or os.environ.get("KUBECONFIG")
    if not path and "KUBERNETES_SERVICE_HOST" in os.environ:
        credentials = Credentials(_from_pod, now)
    else:
        credentials = Credentials(_FromKubeconfig(path or str(Path.home() / ".kube/config")), now)
    await credentials.access()
    return credentials


async def _from_pod(anew: bool) -> "Configuration":
    from kubernetes.aio import config
    from kubernetes.aio.client import Configuration

    configuration = Configuration()
    try:
        config.load_incluster_config(  # type: ignore[no-untyped-call]  # kubernetes leaves it untyped
            configuration, try_refresh_token=False
        )
    except (config.ConfigException, *_MALFORMED) as wrong:
        raise GiveUp(
            f"the pod's service account cannot be read: {wrong} Is automountServiceAccountToken off?"
        ) from wrong
    return configuration


class _FromKubeconfig:
    """Reads a kubeconfig. An exec plugin is asked again when what it gave expires, or was not accepted."""

    def __init__(self, paths: str) -> None:
        self._paths = paths
        self._loader: Any = None
        self._seen: object = None

    async def __call__(self, anew: bool) -> "Configuration":
        from kubernetes.aio import config
        from kubernetes.aio.client import Configuration

        configuration = Configuration()
        try:
            contents = self._contents()
            if anew or contents != self._seen:
                self._loader = await config.load_kube_config(  # type: ignore[no-untyped-call]  # kubernetes leaves it untyped
                    self._paths, client_configuration=configuration, persist_config=False
                )
            else:
                await self._loader.load_and_set(configuration)
        except (config.ConfigException, *_MALFORMED) as wrong:
            raise GiveUp(
                f"kubeconfig {self._paths} cannot be used: {wrong}. Check with: kubectl config view"
            ) from wrong
        self._seen = contents
        return configuration

    def _contents(self) -> object:
        """Raises OSError if none of the files is there."""
        paths = [Path(path).expanduser() for path in self._paths.split(os.pathsep) if path]
        there = [path for path in paths if path.exists()] or paths[:1]
        return [path.read_bytes() for path in there]


def _context(configuration: "Configuration") -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
