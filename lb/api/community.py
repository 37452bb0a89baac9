"""Community (metallb.io/v1beta1): names for BGP communities that BGPAdvertisements may use."""

from typing import Annotated

from msgspec import Meta

from lb.api.meta import Strict
from lb.api.rule import Rule, guarded

KIND = "Community"
PLURAL = "communities"
VERSION = "v1beta1"

IN_FORM = Rule(
    "self.startsWith('large:') ? self.matches('^large(:[0-9]{1,10}){3}$')"
    " : self.matches('^[0-9]{1,10}:[0-9]{1,10}$')",
    message_expression="(self.startsWith('large:') ? 'a large community is large: and three numbers'"
    " : 'a community is two numbers') + ' with colons between."
    " Write it as in 65000:1, or large:4200000000:1:2.'",
)
IN_BOUNDS = Rule(
    f"!({IN_FORM.rule}) || (self.startsWith('large:')"
    " ? self.substring(6).split(':', 3).all(part, int(part) <= 4294967295)"
    " : self.split(':', 2).all(part, int(part) <= 65535))",
    message_expression="'the parts of a ' + (self.startsWith('large:')"
    " ? 'large community are numbers from 0 to 4294967295' : 'community are numbers from 0 to 65535')"
    " + '. Write it as in 65000:1, or large:4200000000:1:2.'",
)
"""Of the text of a community, in the words of `lb.config.community`."""
A_NAME = Rule(
    "self != '' && !self.contains(':')",
    message_expression="(self == '' ? 'the name is empty' : 'a name with a colon would be read as a value')"
    " + '. Write a name without colons.'",
)
HAS_NAME = Rule(
    "has(self.name)", message="the name is empty. Write a name without colons.", field_path=".name"
)
HAS_VALUE = Rule(
    "has(self.value)",
    message="a community is two numbers with colons between."
    " Write it as in 65000:1, or large:4200000000:1:2.",
    field_path=".value",
)


class CommunityAlias(Strict, frozen=True):
    """Community spec.communities[]."""

    name: Annotated[str, guarded(A_NAME), Meta(max_length=253, description="Name of the community.")] = ""
    value: Annotated[
        str,
        guarded(IN_FORM, IN_BOUNDS),
        Meta(
            max_length=64,
            description="A community (65000:1, RFC 1997) or a large one (large:1:2:3, RFC 8092).",
        ),
    ] = ""


class CommunitySpec(Strict, frozen=True):
    """Community spec."""

    communities: Annotated[
        tuple[Annotated[CommunityAlias, guarded(HAS_NAME, HAS_VALUE)], ...],
        Meta(max_length=10000, description="Names and their values."),
    ] = ()


class CommunityStatus(Strict, frozen=True):
    """Community status: nothing."""


COLUMNS = ()
"""What `kubectl get` shows: name, JSON path, type, priority."""
