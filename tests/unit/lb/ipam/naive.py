"""What the allocator is to do, said without any cleverness: by looking at each of a handful of addresses.

It is compared with `lb.ipam` and shares nothing with it but the values that go in and come out.
"""

from ipaddress import ip_address
from typing import NamedTuple

from lb.api.meta import ObjectMeta
from lb.api.service import (
    LoadBalancerIngress,
    LoadBalancerStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)

WISHES = {
    "four": [(4,)],
    "six": [(6,)],
    "require": [(4, 6)],
    "prefer": [(4, 6), (4,), (6,)],
    "prefer six": [(4, 6), (6,), (4,)],
}
CLUSTER_IPS = {
    "four": ("10.96.0.1",),
    "six": ("fd00::1",),
    "require": ("10.96.0.1", "fd00::1"),
    "prefer": ("10.96.0.1", "fd00::1"),
    "prefer six": ("fd00::1", "10.96.0.1"),
    "wrong": ("None",),
}
POLICIES = {"require": "RequireDualStack", "prefer": "PreferDualStack", "prefer six": "PreferDualStack"}


class Wish(NamedTuple):
    """What a Service asks for. `local`: its selector, where only nodes with endpoints take its packets."""

    family: str
    key: str = ""
    port: int = 80
    local: str = ""
    consents: bool = False
    tier: str = ""
    pool: str = ""
    asked: str = ""

    @property
    def addresses(self):
        return tuple(map(ip_address, self.asked.split()))

    @property
    def versions(self):
        """Sets of IP versions, the best first."""
        asked = tuple(sorted(each.version for each in self.addresses))
        return [asked] if asked else WISHES.get(self.family, [()])


def service(name, wish, born="", uid="", status=()):
    """The Service that asks for *wish*."""
    notes = {
        "metallb.io/allow-shared-ip": wish.key,
        "metallb.io/address-pool": wish.pool,
        "metallb.io/loadBalancerIPs": ",".join(wish.asked.split()),
        "anvil-lb.io/share-across-namespaces": "true" if wish.consents else "",
    }
    namespace, _, short = name.partition("/")
    metadata = ObjectMeta(
        short,
        namespace,
        uid,
        creation_timestamp=born,
        labels={"tier": wish.tier} if wish.tier else {},
        annotations={key: value for key, value in notes.items() if value},
    )
    spec = ServiceSpec(
        type="LoadBalancer",
        cluster_ip=CLUSTER_IPS[wish.family][0],
        cluster_ips=CLUSTER_IPS[wish.family],
        ip_family_policy=POLICIES.get(wish.family),
        ports=(ServicePort(wish.port),),
        selector={"app": wish.local},
        external_traffic_policy="Local" if wish.local else "Cluster",
    )
    ingress = tuple(LoadBalancerIngress(ip=str(each)) for each in status)
    return Service(metadata, spec, ServiceStatus(LoadBalancerStatus(ingress)))


def inhabitants(pool, version):
    """The addresses that *pool* has to give, in the order in which it gives them."""
    return [
        span.address(number)
        for span in pool.ranges
        if span.version == version
        for number in range(span.first, span.last + 1)
        if not (pool.avoid_buggy_ips and version == 4 and number % 256 in (0, 255))
    ]


class Naive:
    """Who holds what, and who held what."""

    def __init__(self, config, shares_freely):
        self.config, self.shares_freely = config, shares_freely
        self.held = {}
        """By Service, its addresses and the Wish on the terms of which it has them."""
        self.last = {}
        self.freed = {}
        """By free address that somebody had, when it came back; None: that is not known any more."""
        self.time = 0

    def addresses(self, name):
        return self.held[name][0] if name in self.held else ()

    def tenants(self, address):
        return [name for name, (addresses, _) in self.held.items() if address in addresses]

    def may_share(self, one, its, other, others):
        near = one.split("/")[0] == other.split("/")[0] or (its.consents and others.consents)
        return (
            its.key == others.key != ""
            and (near or self.shares_freely)
            and its.port != others.port
            and its.local == others.local
        )

    def can_have(self, name, wish, address):
        """Whether nobody is in the way."""
        return all(
            self.may_share(name, wish, other, self.held[other][1])
            for other in self.tenants(address)
            if other != name
        )

    def pool_of(self, address):
        for pool in self.config.pools.values():
            if address in inhabitants(pool, address.version):
                return pool
        return None

    def admits(self, pool, name, wish):
        """Whether *pool* gives anything to such a Service."""
        kept = pool.reservation
        if pool.is_draining:
            return False
        if kept is None:
            return True
        tiers = [each.match_labels["tier"] for each in kept.service_selectors]
        return (kept.namespaces is None or name.split("/")[0] in kept.namespaces) and (
            not tiers or wish.tier in tiers
        )

    def gives(self, pool, name, wish):
        return (pool.name == wish.pool if wish.pool else pool.auto_assign) and self.admits(pool, name, wish)

    def in_turn(self):
        def turn(pool):
            kept = pool.reservation
            return (1, 0, pool.name) if kept is None else (0, kept.priority or 99, pool.name)

        return sorted(self.config.pools.values(), key=turn)

    def fits(self, name, wish):
        """What stays of that which it has; None where it needs others."""
        for versions in wish.versions:
            part = tuple(each for each in self.addresses(name) if each.version in versions)
            if (
                len(part) == len(versions)
                and (not wish.asked or set(part) == set(wish.addresses))
                and all(self.may_lie(wish, each) and self.can_have(name, wish, each) for each in part)
            ):
                return part
        return None

    def may_lie(self, wish, address):
        pool = self.pool_of(address)
        if pool is None:  # a pool that cannot be read may hold it
            return bool(self.config.unread) and (not wish.pool or wish.pool in self.config.unread)
        return wish.pool in ("", pool.name)

    def is_lost(self, name, wish, address):
        """Whether it cannot keep *address*, even if it gets no other."""
        stray = self.pool_of(address) is None and not self.config.unread
        return stray or not self.can_have(name, wish, address)

    def choice(self, name, wish):
        """Sets of addresses of which it is to get one of each, all of one pool; several pools may be as good.

        None where it gets nothing.
        """
        if wish.asked:
            return self.choice_asked(name, wish)
        for versions in wish.versions:
            able = [
                pool
                for pool in self.in_turn()
                if self.gives(pool, name, wish)
                and all(self.candidates(pool, version, name, wish) for version in versions)
            ]
            if able:
                return [
                    [self.best(pool, version, name, wish) for version in versions]
                    for pool in self.preferred(able, versions, name, wish)
                ]
        return None

    def choice_asked(self, name, wish):
        pools = [self.pool_of(each) for each in wish.addresses]
        if None in pools or len({pool.name for pool in pools}) > 1 or wish.pool not in ("", pools[0].name):
            return None
        held = self.addresses(name)
        for each in wish.addresses:
            if not self.can_have(name, wish, each):
                return None
            if each not in held and not self.admits(pools[0], name, wish):
                return None
        return [[{each} for each in wish.addresses]]

    def candidates(self, pool, version, name, wish):
        return [each for each in inhabitants(pool, version) if self.can_have(name, wish, each)]

    def familiar(self, name, wish):
        """Groups of addresses, the best group first: any of a group is as good as the others."""
        last = self.last.get(name, ())
        friends = {
            each
            for addresses, others in self.held.values()
            for each in addresses
            if wish.key and others.key == wish.key and self.can_have(name, wish, each)
        }
        groups = [{each} for each in self.addresses(name)]
        groups += [{each} for each in last if each in friends] + [friends] + [{each} for each in last]
        return [{each for each in group if self.can_have(name, wish, each)} for group in groups]

    def preferred(self, able, versions, name, wish):
        for group in self.familiar(name, wish):
            known = [each for each in map(self.pool_of, (a for a in group if a.version in versions)) if each]
            if found := [pool for pool in able if pool in known]:
                return found
        return able[:1]

    def best(self, pool, version, name, wish):
        """The addresses of *pool* of which it is to get one."""
        for group in self.familiar(name, wish):
            if found := {each for each in group if each in inhabitants(pool, version)}:
                return found
        free = [each for each in inhabitants(pool, version) if not self.tenants(each)]
        fresh = [each for each in free if each not in self.freed]
        if fresh:
            return {fresh[0]}
        times = [self.freed[each] for each in free]
        return set(free) if None in times else {min(free, key=self.freed.__getitem__)}

    def more(self, name, wish, part):
        """Sets of addresses of which it is to get one of each, beside *part*."""
        pool = self.pool_of(part[0])
        missing = [each for each in wish.versions[0] if each not in {one.version for one in part}]
        if wish.asked or pool is None or not self.admits(pool, name, wish):
            return []
        if not all(self.candidates(pool, version, name, wish) for version in missing):
            return []
        return [self.best(pool, version, name, wish) for version in missing]

    def note(self, name, wish, addresses):
        """It has *addresses* from now on."""
        self.time += 1
        before = self.addresses(name)
        if not addresses:
            if before:
                self.last[name] = before
            self.held.pop(name, None)
        else:
            self.last.pop(name, None)
            self.held[name] = addresses, wish
        for each in before:
            if not self.tenants(each) and self.pool_of(each) is not None:
                self.freed[each] = self.time
        for each in addresses:
            self.freed.pop(each, None)

    def use(self, config):
        old, self.config = self.config, config
        known = {each for addresses in self.last.values() for each in addresses}
        freed = {}
        for each in self.freed.keys() | known:
            pool = self.pool_of(each)
            if pool is not None and not self.tenants(each):
                is_same = old.pools.get(pool.name) == pool
                freed[each] = self.freed.get(each) if is_same else None
        self.freed = freed
