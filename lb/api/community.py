"""Community (metallb.io/v1beta1): names for BGP communities that BGPAdvertisements may use."""

from typing import Annotated

from msgspec import Meta

from lb.api.meta import Strict

KIND = "Community"
PLURAL = "communities"
VERSION = "v1beta1"


class CommunityAlias(Strict, frozen=True):
    """Community spec.communities[]."""

    name: Annotated[str, Meta(description="Name of the community.")] = ""
    value: Annotated[
        str, Meta(description="A community (65000:1, RFC 1997) or a large one (large:1:2:3, RFC 8092).")
    ] = ""


class CommunitySpec(Strict, frozen=True):
    """Community spec."""

    communities: Annotated[tuple[CommunityAlias, ...], Meta(description="Names and their values.")] = ()


class CommunityStatus(Strict, frozen=True):
    """Community status: nothing."""


COLUMNS = ()
"""What `kubectl get` shows: name, JSON path, type, priority."""
