"""On what terms a Service shares its address with others (metallb.io/allow-shared-ip)."""

from msgspec import Struct

Port = tuple[str, int]
"""Protocol and number, such as ("TCP", 80)."""


class Terms(Struct, frozen=True, gc=False):
    """*service* shares with those that have the same `key`, the same `backend` and none of its `ports`.

    An empty `key` shares with nobody. `backend` is the Service's selector where only nodes with an endpoint
    take its packets (externalTrafficPolicy Local), and "" where all do. With a Service of another namespace
    it shares where both are `open_to_others`.
    """

    service: str
    key: str = ""
    backend: str = ""
    ports: frozenset[Port] = frozenset()
    open_to_others: bool = False

    @property
    def namespace(self) -> str:
        """Of the Service."""
        return self.service.partition("/")[0]


def objection(mine: Terms, theirs: Terms) -> str | None:
    """Why the two cannot have one address, as a clause about *theirs*; None where they can."""
    if not mine.key or not theirs.key:
        unwilling = theirs if not theirs.key else mine
        return f"Service {unwilling.service} shares its address with none"
    if mine.key != theirs.key:
        return f"Service {theirs.service} shares it with those of another sharing key"
    if mine.namespace != theirs.namespace and not (mine.open_to_others and theirs.open_to_others):
        unwilling = theirs if not theirs.open_to_others else mine
        return f"Service {unwilling.service} shares its address within its namespace only"
    common = sorted(mine.ports & theirs.ports)
    if common:
        protocol, port = common[0]
        return f"port {protocol}/{port} of it is in use by Service {theirs.service}"
    if mine.backend != theirs.backend:
        return (
            f"Service {theirs.service} has other endpoints or another externalTrafficPolicy, so that packets"
            " for both may be wanted on different nodes"
        )
    return None
