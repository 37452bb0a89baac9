"""Which of several objects stays where not all can: the known before the new, the older first."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol, TypeVar

from lb.api.custom_resource import CustomResource
from lb.config.rejection import Reference, Rejection


class Named(Protocol):
    """Anything that was accepted."""

    @property
    def name(self) -> str:
        """The name of the object that it comes from."""


T = TypeVar("T", bound=Named)
T_contra = TypeVar("T_contra", bound=Named, contravariant=True)


class Claims(Protocol[T_contra]):
    """What those objects take that are in force so far, and no other may take as well."""

    @staticmethod
    def are_apart(wanted: Collection[T_contra]) -> bool:
        """Whether surely none of *wanted* collides with another, so that nothing has to be weighed."""

    def collisions(self, reference: Reference, wanted: T_contra) -> list[Rejection]:
        """Why *wanted*, of the object that *reference* names, cannot be beside those in force."""

    def add(self, accepted: T_contra) -> None:
        """*accepted* is in force."""


def settle(
    kind: str,
    objects: Collection[CustomResource],
    found: Mapping[str, Any],
    last_good: Mapping[str, T],
    claims: type[Claims[T]],
    claimed: tuple[Any, ...],
) -> tuple[dict[str, T], list[Rejection]]:
    """The *objects* of *kind* that are in force, by name, and every rejection.

    *found* is, by name, what was read in each: a T, or a tuple of rejections. An object that is refused stays
    in force as *last_good* has it, and nothing else may take what it has. Where two collide, by
    *claims(\\*claimed)*, one that has not changed since stays rather than one that has, a known one rather
    than a new one, the older rather than the younger.
    """
    values = found.values()
    if not any(isinstance(each, tuple) for each in values) and claims.are_apart(values):
        return dict(sorted(found.items())), []
    inorder = sorted(objects, key=lambda each: _seniority(each, found, last_good))
    wanted: dict[Reference, T] = {}
    refused: dict[Reference, tuple[Rejection, ...]] = {}
    for each in inorder:
        read = found[each.metadata.name]
        (refused if isinstance(read, tuple) else wanted)[reference_to(kind, each)] = read
    while True:
        kept = [last_good[each.name] for each in refused if each.name in last_good]
        accepted, collided = _place(wanted, kept, claims(*claimed))
        fallen = {each: wrong for each, wrong in collided.items() if each.name in last_good}
        if not fallen:
            refused |= collided
            told = [wrong for each in sorted(refused) for wrong in refused[each]]
            return dict(sorted(accepted.items())), told
        # What has fallen back to its last good form takes room. Of the others, that were never good, each
        # is judged anew, since what it collided with may fall back, too.
        refused |= fallen
        wanted = {each: read for each, read in wanted.items() if each not in fallen}


def _seniority(
    each: CustomResource, found: Mapping[str, Any], last_good: Mapping[str, T]
) -> tuple[bool, bool, str, str]:
    metadata = each.metadata
    read, known = found[metadata.name], last_good.get(metadata.name)
    changed = read is not known and read != known
    return changed, known is None, metadata.creation_timestamp, metadata.name


def _place(
    wanted: Mapping[Reference, T], kept: Collection[T], claims: Claims[T]
) -> tuple[dict[str, T], dict[Reference, tuple[Rejection, ...]]]:
    """*kept* and those of *wanted* that collide with none before them; what is wrong with the others."""
    accepted: dict[str, T] = {}
    collided: dict[Reference, tuple[Rejection, ...]] = {}
    for each in kept:
        claims.add(each)
        accepted[each.name] = each
    for reference, found in wanted.items():
        wrong = claims.collisions(reference, found)
        if wrong:
            collided[reference] = tuple(wrong)
        else:
            claims.add(found)
            accepted[found.name] = found
    return accepted, collided


def reference_to(kind: str, each: CustomResource) -> Reference:
    """Names *each*, an object of *kind*."""
    return Reference(kind, each.metadata.name, each.metadata.namespace)


class NoClaims:
    """For a kind whose objects never collide."""

    @staticmethod
    def are_apart(wanted: Collection[Named]) -> bool:
        """They are."""
        return True

    def collisions(self, reference: Reference, wanted: Named) -> list[Rejection]:
        """None."""
        return []

    def add(self, accepted: Named) -> None:
        """It takes nothing."""
