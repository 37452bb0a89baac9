"""BFDProfiles: which are accepted, and what is wrong with the others."""

from typing import TypeVar

from lb.api.bfd_profile import KIND, BFDProfileSpec
from lb.api.custom_resource import CustomResource
from lb.config.peer import BFDProfile
from lb.config.rejection import Rejection
from lb.config.seniority import reference_to
from lb.config.spec import decode

T = TypeVar("T")


def read_bfd_profile(each: CustomResource) -> BFDProfile | tuple[Rejection, ...]:
    """What *each* says; what it does not say is as usual."""
    spec = decode(reference_to(KIND, each), each.spec, BFDProfileSpec)
    if isinstance(spec, tuple):
        return spec
    usual = BFDProfile(each.metadata.name)
    return BFDProfile(
        each.metadata.name,
        receive_interval=_given(spec.receive_interval, usual.receive_interval),
        transmit_interval=_given(spec.transmit_interval, usual.transmit_interval),
        detect_multiplier=_given(spec.detect_multiplier, usual.detect_multiplier),
        echo_interval=_given(spec.echo_interval, usual.echo_interval),
        echo_mode=_given(spec.echo_mode, usual.echo_mode),
        passive_mode=_given(spec.passive_mode, usual.passive_mode),
        minimum_ttl=spec.minimum_ttl,
    )


def _given(value: T | None, usual: T) -> T:
    return usual if value is None else value
