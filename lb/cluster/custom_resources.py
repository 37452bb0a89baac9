"""The custom resources of our namespace that make up the configuration, kept up to date."""

from collections.abc import Callable

from lb.api.custom_resource import CustomResource
from lb.cluster.client import Client
from lb.cluster.reflector import Reflector
from lb.cluster.resource import (
    BFD_PROFILES,
    BGP_ADVERTISEMENTS,
    BGP_PEERS,
    COMMUNITIES,
    IP_ADDRESS_POOLS,
    L2_ADVERTISEMENTS,
    Selection,
)

RESOURCES = (
    IP_ADDRESS_POOLS,
    L2_ADVERTISEMENTS,
    BGP_ADVERTISEMENTS,
    BGP_PEERS,
    BFD_PROFILES,
    COMMUNITIES,
)


class CustomResources:
    """Whoever makes it runs the reflectors; *on_change* is called on the loop after each change."""

    def __init__(self, client: Client, namespace: str, on_change: Callable[[], None]) -> None:
        self._namespace = namespace
        ours = Selection(namespace=namespace)
        self.reflectors = {
            each.kind: Reflector(client, each, lambda key, old, new: on_change(), ours) for each in RESOURCES
        }
        """By kind."""

    def of(self, kind: str) -> tuple[CustomResource, ...]:
        """The objects of *kind*."""
        return tuple(self.reflectors[kind].store.values())

    def get(self, kind: str, name: str) -> CustomResource | None:
        """The object of *kind* called *name*."""
        return self.reflectors[kind].store.get(f"{self._namespace}/{name}")
