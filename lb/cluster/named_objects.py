"""Objects of one kind that others refer to by name, kept up to date: these and no others are read.

So a process sees the Secrets that the configuration names, and never all that lie in its namespace.
"""

import asyncio
from collections.abc import Callable, Mapping, Set
from typing import Generic, NoReturn, TypeVar

from lb.cluster.client import Client
from lb.cluster.reflector import Reflector
from lb.cluster.resource import KubernetesObject, Resource, Selection, named

T = TypeVar("T", bound=KubernetesObject)


class NamedObjects(Generic[T]):
    """Objects of *resource* in *namespace*; run it as a task.

    *on_change* is called on the loop when one has changed, or has been looked for the first time.
    """

    def __init__(
        self, client: Client, resource: Resource[T], namespace: str, on_change: Callable[[], None]
    ) -> None:
        self._client = client
        self._resource = resource
        self._namespace = namespace
        self._on_change = on_change
        self._wanted: Set[str] = frozenset()
        self._asked = asyncio.Event()
        self._reflectors: dict[str, Reflector[T]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def follow(self, names: Set[str]) -> None:
        """Follow the objects of these *names* from now on, and no others."""
        self._wanted = names
        self._asked.set()

    @property
    def found(self) -> Mapping[str, T]:
        """Those that are there, by name, as they last were."""
        return {
            name: each
            for name, reflector in self._reflectors.items()
            if name in self._wanted
            for each in reflector.store.values()
        }

    @property
    def unread(self) -> frozenset[str]:
        """The names of which nobody can say yet whether they are there."""
        return frozenset(
            name
            for name in self._wanted
            if name not in self._reflectors or not self._reflectors[name].synced.is_set()
        )

    async def run(self) -> NoReturn:
        """Follow until cancelled. What *on_change* raises ends it."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._asked.wait()
                self._asked.clear()
                for name in self._reflectors.keys() - self._wanted:
                    del self._reflectors[name]
                    self._tasks.pop(name).cancel()
                for name in self._wanted - self._reflectors.keys():
                    self._reflectors[name] = self._reflector(name)
                    self._tasks[name] = tasks.create_task(self._follow(self._reflectors[name]))
        raise AssertionError("unreachable")

    def _reflector(self, name: str) -> Reflector[T]:
        selection = Selection(self._namespace, named(name))
        return Reflector(self._client, self._resource, lambda key, old, new: self._on_change(), selection)

    async def _follow(self, reflector: Reflector[T]) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reflector.run())
            await reflector.synced.wait()
            self._on_change()
