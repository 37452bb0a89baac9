"""All objects of one kind, kept up to date: a list, then a watch from there, for as long as it takes.

While the API server is away what was seen last stays. Decides nothing about the objects. Source: Kubernetes
API concepts, "Efficient detection of changes".
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Generic, NoReturn, TypeVar

from msgspec import Raw

from lb.cluster.backoff import Backoff
from lb.cluster.client import Client, WatchEvent
from lb.cluster.errors import ApiError, GiveUp, Relist, Retry, Silence, cut_short
from lb.cluster.resource import EVERYTHING, KubernetesObject, Resource, Selection
from lb.cluster.store import Change, Store, Unreadable, identify

log = logging.getLogger(__name__)

T = TypeVar("T", bound=KubernetesObject)
OnChange = Callable[[str, T | None, T | None], None]

STEADY_SECONDS = 3.0
"""A watch that stands for so long is a success; one that ends sooner is a failure, also if it ends well."""
FIRST_GIVE_UP_SECONDS, GIVE_UP_SECONDS = 1.0, 10.0
"""Until we look whether a person has put right what only a person can, such as RBAC or a missing CRD.

The first time sooner: an API server that has just started answers 403 until it has read its RBAC.
"""
LONGEST_RETRY_AFTER = 120.0


class Reflector(Generic[T]):
    """Run it as a task. *on_change(key, old, new)* is called on the loop, after the store has the change.

    It is called for each object whose fields that we read differ; a change of resourceVersion alone only
    goes into the store. *old* is None for a new object, *new* for one that is gone.
    """

    def __init__(
        self,
        client: Client,
        resource: Resource[T],
        on_change: OnChange[T],
        selection: Selection = EVERYTHING,
    ) -> None:
        self.resource = resource
        self.synced = asyncio.Event()
        """Set by the first whole list."""
        self.last_error: ApiError | None = None
        """Why it does not watch at the moment."""
        self.fresh_since: float | None = None
        """Since when, by the loop's clock, the store follows the API server; None while it does not."""
        self._store: Store[T] = Store(resource)
        self._client = client
        self._selection = selection
        self._on_change = on_change
        self._version = ""
        self._backoff = Backoff()
        self._patience = Backoff(FIRST_GIVE_UP_SECONDS, GIVE_UP_SECONDS)
        self._steady = False
        self._told = ""
        self._awaited: list[asyncio.Event] = []
        """Each set by the next whole list that begins after it was put here."""
        self._watching: asyncio.Timeout | None = None

    @property
    def store(self) -> Mapping[str, T]:
        """The objects by key, `namespace/name` or `name`."""
        return self._store

    async def run(self) -> NoReturn:
        """List and watch until cancelled. What *on_change* raises ends it."""
        while True:
            error = await self._attempt()
            if error:
                self._failed(error)
            await asyncio.sleep(self._pause(error))

    async def refresh(self) -> None:
        """Returns once the store has seen all that was written before this call: it lists again."""
        listed = asyncio.Event()
        self._awaited.append(listed)
        if self._watching is not None and not self._watching.expired():
            self._watching.reschedule(asyncio.get_running_loop().time())
        await listed.wait()

    async def _attempt(self) -> ApiError | None:
        """One list, if needed, and one watch. Why it failed, or None: the server ended the watch."""
        try:
            await self._list_and_watch()
        except Silence as silence:
            self._version = ""
            log.debug("%s", silence)
            return None
        except Relist as forgotten:
            self._version = ""
            return forgotten
        except ApiError as error:
            return error
        return None if self._steady else cut_short(self.resource.plural, STEADY_SECONDS)

    async def _list_and_watch(self) -> None:
        while True:
            while self._awaited or not self._version:
                await self._list()
            try:
                async with asyncio.timeout(None) as self._watching:
                    return await self._watch()
            except TimeoutError:
                continue  # somebody awaits a list
            finally:
                self._watching = None

    async def _list(self) -> None:
        awaited = tuple(self._awaited)
        listed: set[str] = set()
        version = ""
        async for page in self._client.list_pages(self.resource, self._selection):
            for item in page.items or ():
                listed.add(identify(item).key)
                self._put(item)
            version = page.metadata.resource_version
        for key in self._store.absent_from(listed):
            self._drop(key)
        self._version = version
        self.synced.set()
        for each in awaited:
            self._awaited.remove(each)
            each.set()

    async def _watch(self) -> None:
        async with self._client.watch(self.resource, self._version, self._selection) as events:
            self._opened()
            steadied = asyncio.get_running_loop().call_later(STEADY_SECONDS, self._steadied)
            try:
                async for event in events:
                    self._take(event)
            finally:
                steadied.cancel()

    def _take(self, event: WatchEvent) -> None:
        identity = identify(event.object)
        match event.type:
            case "ADDED" | "MODIFIED":
                self._put(event.object)
            case "DELETED":
                self._drop(identity.key)
        self._version = identity.resource_version or self._version

    def _put(self, text: Raw) -> None:
        match self._store.put(text):
            case Unreadable() as unreadable:
                self._tell(unreadable)
            case Change(key, old, new):
                self._on_change(key, old, new)

    def _drop(self, key: str) -> None:
        if change := self._store.drop(key):
            self._on_change(change.key, change.old, change.new)

    def _pause(self, error: ApiError | None) -> float:
        pause = self._backoff.wait()
        match error:
            case GiveUp():
                return max(pause, self._patience.wait())
            case Retry(after=after):
                return max(pause, min(after, LONGEST_RETRY_AFTER))
        return pause

    def _failed(self, error: ApiError) -> None:
        if str(error) != self._told:
            level = logging.ERROR if isinstance(error, GiveUp) else logging.WARNING
            log.log(level, "%s", error, extra={"resource": self.resource.plural})
        self._told = str(error)
        self.last_error = error
        self.fresh_since = None

    def _opened(self) -> None:
        self._steady = False
        self.last_error = None
        if self.fresh_since is None:
            self.fresh_since = asyncio.get_running_loop().time()

    def _steadied(self) -> None:
        self._steady = True
        self._backoff.reset()
        self._patience.reset()
        if self._told:
            log.info("watching %s again", self.resource.plural, extra={"resource": self.resource.plural})
        self._told = ""

    def _tell(self, unreadable: Unreadable) -> None:
        log.error(
            "%s %s, resourceVersion %s, cannot be read: %s; %s. Correct the object.",
            self.resource.kind,
            unreadable.key,
            unreadable.resource_version,
            unreadable.why,
            "its last good version is used on" if unreadable.kept else "it is left out",
            extra={"resource": self.resource.plural, "object": unreadable.key},
        )
