"""Community (metallb.io/v1beta1): names for BGP communities that BGPAdvertisements may use."""

from typing import Annotated

from msgspec import Meta

from lb.api.meta import Strict
from lb.api.rule import Rule, guarded

KIND = "Community"
PLURAL = "communities"
VERSION = "v1beta1"

A_COMMUNITY = Rule(
    "self.matches('^0*[0-9]{1,10}:0*[0-9]{1,10}$') ? self.split(':', 2).all(part, int(part) <= 65535)"
    " : self.matches('^large(:0*[0-9]{1,10}){3}$')"
    " && self.substring(6).split(':', 3).all(part, int(part) <= 4294967295)",
    message="a community is two numbers from 0 to 65535, and a large one three from 0 to 4294967295."
    " Write 65000:1 or large:64496:1:2.",
)
HAS_VALUE = Rule("has(self.value)", message=A_COMMUNITY.message, field_path=".value")


class CommunityAlias(Strict, frozen=True):
    """Community spec.communities[]."""

    name: Annotated[str, Meta(description="Name of the community.")] = ""
    value: Annotated[
        str,
        guarded(A_COMMUNITY),
        Meta(
            max_length=64,
            description="A community (65000:1, RFC 1997) or a large one (large:1:2:3, RFC 8092).",
        ),
    ] = ""


class CommunitySpec(Strict, frozen=True):
    """Community spec."""

    communities: Annotated[
        tuple[Annotated[CommunityAlias, guarded(HAS_VALUE)], ...],
        Meta(max_length=10000, description="Names and their values."),
    ] = ()


class CommunityStatus(Strict, frozen=True):
    """Community status: nothing."""


COLUMNS = ()
"""What `kubectl get` shows: name, JSON path, type, priority."""
