"""Community objects: the names that they give, and what is wrong with the others."""

from collections.abc import Collection, Iterator

from lb.api.community import KIND, CommunitySpec
from lb.api.custom_resource import CustomResource
from lb.config.community import Community, parse_community
from lb.config.config import Aliases
from lb.config.rejection import Malformed, Reference, Rejection
from lb.config.seniority import reference_to
from lb.config.spec import decode

WHERE = "spec.communities"


def read_community(each: CustomResource) -> Aliases | tuple[Rejection, ...]:
    """What *each* says by itself."""
    reference = reference_to(KIND, each)
    spec = decode(reference, each.spec, CommunitySpec)
    if isinstance(spec, tuple):
        return spec
    values = [parse_community(alias.value) for alias in spec.communities]
    wrong = list(_faults(reference, spec, values))
    if wrong:
        return tuple(wrong)
    named = zip(spec.communities, values, strict=True)
    return Aliases(
        each.metadata.name, {alias.name: value for alias, value in named if isinstance(value, Community)}
    )


def _faults(
    reference: Reference, spec: CommunitySpec, values: list[Community | Malformed]
) -> Iterator[Rejection]:
    seen: dict[str, int] = {}
    for at, (alias, value) in enumerate(zip(spec.communities, values, strict=True)):
        where = f"{WHERE}[{at}]"
        if not alias.name or ":" in alias.name:
            reason = "the name is empty" if not alias.name else "a name with a colon would be read as a value"
            yield Rejection(reference, f"{where}.name", alias.name, reason, "Write a name without colons.")
        if isinstance(value, Malformed):
            yield Rejection(reference, f"{where}.value", alias.value, value.reason, value.remedy)
        first = seen.setdefault(alias.name, at)
        if first != at:
            reason = f"{WHERE}[{first}] has this name already"
            yield Rejection(reference, f"{where}.name", alias.name, reason, "Give each community one name.")


class AliasClaims:
    """The names in force: no name stands in two objects."""

    @staticmethod
    def are_apart(wanted: Collection[Aliases]) -> bool:
        """Whether no name stands in two of *wanted*."""
        names = [name for each in wanted for name in each.values]
        return len(set(names)) == len(names)

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}

    def collisions(self, reference: Reference, wanted: Aliases) -> list[Rejection]:
        """Each name of *wanted* that another object gives already."""
        return [
            Rejection(
                reference,
                f"{WHERE}[{at}].name",
                alias,
                f"Community {self._taken[alias]} gives this name already",
                "Keep it in one of the two.",
            )
            for at, alias in enumerate(wanted.values)
            if alias in self._taken
        ]

    def add(self, accepted: Aliases) -> None:
        """*accepted* is in force."""
        self._taken |= dict.fromkeys(accepted.values, accepted.name)
