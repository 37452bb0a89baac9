"""Objects that are refused, and with which words: by the API server alone, and by our webhook only.

A row is the object (kind, spec, then what is unusual: its version, its metadata) and what is said of it.
Those that one rule of a CRD refuses are in `tests.integration.api.objects`.
"""

import re

from lb.cli.trial import NAMESPACE


def named(row, kind, spec, *unusual):
    """The object of *row*, which bears its name."""
    version = next((each for each in unusual if isinstance(each, str)), None)
    metadata = next((each for each in unusual if isinstance(each, dict)), {})
    name = re.sub("[^a-z0-9]+", "-", row.lower())
    return {
        "apiVersion": f"metallb.io/{version or ('v1beta2' if kind == 'BGPPeer' else 'v1beta1')}",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, **metadata},
        **({} if spec is None else {"spec": spec}),
    }


def unchecked(text):
    """*text*, and that rules were left aside because of it."""
    why = "some validation rules were not checked because the object was invalid"
    return f"[{text}, <nil>: Invalid value: null: {why}; correct the existing errors to complete validation]"


def without(spec, name):
    return {key: value for key, value in spec.items() if key != name}


def selecting(**requirement):
    return [{"matchExpressions": [{"key": "zone", **requirement}]}]


def pool(*addresses, **spec):
    return "IPAddressPool", {"addresses": list(addresses), **spec}


def kept(**allocation):
    return pool("203.0.113.0/28", serviceAllocation=allocation)


LAN = {"addresses": ["203.0.113.0/28"]}
PEER = {"myASN": 64512, "peerASN": 64513, "peerAddress": "198.51.100.9"}
TWICE = [{"matchLabels": {"a": "b"}}] * 2
THERE = {
    "good": pool("192.0.2.0/25", "2001:db8::/120"),
    "wide": pool("198.18.0.0/16"),
    "echoing": ("BFDProfile", {"echoMode": True}),
    "rack": ("BGPPeer", {**PEER, "peerAddress": "198.51.100.1"}),
    "four": ("BGPPeer", {**PEER, "peerAddress": "198.51.100.4", "bfdProfile": "echoing"}),
    "unnumbered": ("BGPPeer", {"myASN": 64512, "dynamicASN": "external", "interface": "eth1"}),
    "sent": (
        "BGPAdvertisement",
        {
            "ipAddressPools": ["good"],
            "peers": ["rack", "peer-that-echoes-and-gets-ipv6"],
            "localPref": 100,
            "asPathPrepend": 2,
        },
    ),
    "told": ("Community", {"communities": [{"name": "blackhole", "value": "65535:666"}]}),
}
"""Good objects, which some of the bad ones collide with."""
AS_SENT = {"ipAddressPools": ["good"], "peers": ["rack"], "localPref": 100, "asPathPrepend": 2}

BY_CRDS = {
    "pool of nothing": (
        ("IPAddressPool", None),
        unchecked("spec: Required value"),
    ),
    "pool without a list of addresses": (
        ("IPAddressPool", {}),
        unchecked("spec.addresses: Required value"),
    ),
    "pool of a text": (
        ("IPAddressPool", {"addresses": "203.0.113.0/24"}),
        unchecked(
            'spec.addresses: Invalid value: "string": spec.addresses in body must be of type array: "string"'
        ),
    ),
    "pool of numbers": (
        ("IPAddressPool", {"addresses": [42]}),
        unchecked(
            'spec.addresses[0]: Invalid value: "integer": spec.addresses[0] in body must be of type'
            ' string: "integer"'
        ),
    ),
    "pool of a long text": (
        ("IPAddressPool", {"addresses": ["203.0.113.1 - " + " " * 90 + "203.0.113.2"]}),
        unchecked("spec.addresses[0]: Too long: may not be more than 100 bytes"),
    ),
    "pool that is perhaps assigned": (
        ("IPAddressPool", {**LAN, "autoAssign": "no"}),
        unchecked(
            'spec.autoAssign: Invalid value: "string": spec.autoAssign in body must be of type'
            ' boolean: "string"'
        ),
    ),
    "pool that avoids a number": (
        ("IPAddressPool", {**LAN, "avoidBuggyIPs": 1}),
        unchecked(
            'spec.avoidBuggyIPs: Invalid value: "integer": spec.avoidBuggyIPs in body must be of'
            ' type boolean: "integer"'
        ),
    ),
    "pool of a high priority": (
        ("IPAddressPool", {**LAN, "serviceAllocation": {"priority": "high"}}),
        unchecked(
            'spec.serviceAllocation.priority: Invalid value: "string":'
            ' spec.serviceAllocation.priority in body must be of type integer: "string"'
        ),
    ),
    "pool of a namespace that is no list": (
        ("IPAddressPool", {**LAN, "serviceAllocation": {"namespaces": "tenant"}}),
        unchecked(
            'spec.serviceAllocation.namespaces: Invalid value: "string":'
            ' spec.serviceAllocation.namespaces in body must be of type array: "string"'
        ),
    ),
    "pool of a selector without a key": (
        (
            "IPAddressPool",
            {
                **LAN,
                "serviceAllocation": {"serviceSelectors": [{"matchExpressions": [{"operator": "Exists"}]}]},
            },
        ),
        unchecked("spec.serviceAllocation.serviceSelectors[0].matchExpressions[0].key: Required value"),
    ),
    "pool of a selector without an operator": (
        (
            "IPAddressPool",
            {**LAN, "serviceAllocation": {"serviceSelectors": [{"matchExpressions": [{"key": "zone"}]}]}},
        ),
        unchecked("spec.serviceAllocation.serviceSelectors[0].matchExpressions[0].operator: Required value"),
    ),
    "pool of a label that is a number": (
        ("IPAddressPool", {**LAN, "serviceAllocation": {"serviceSelectors": [{"matchLabels": {"zone": 1}}]}}),
        unchecked(
            'spec.serviceAllocation.serviceSelectors[0].matchLabels.zone: Invalid value: "integer":'
            " spec.serviceAllocation.serviceSelectors[0].matchLabels.zone in body must be of type"
            ' string: "integer"'
        ),
    ),
    "preference of no weight": (
        ("L2Advertisement", {"preferredNodeSelectors": [{"preference": {}}]}),
        unchecked("spec.preferredNodeSelectors[0].weight: Required value"),
    ),
    "preference of weight 0": (
        ("L2Advertisement", {"preferredNodeSelectors": [{"weight": 0, "preference": {}}]}),
        "spec.preferredNodeSelectors[0].weight: Invalid value: 0:"
        " spec.preferredNodeSelectors[0].weight in body should be greater than or equal to 1",
    ),
    "preference of weight 101": (
        ("L2Advertisement", {"preferredNodeSelectors": [{"weight": 101, "preference": {}}]}),
        "spec.preferredNodeSelectors[0].weight: Invalid value: 101:"
        " spec.preferredNodeSelectors[0].weight in body should be less than or equal to 100",
    ),
    "preference of nothing": (
        ("L2Advertisement", {"preferredNodeSelectors": [{"weight": 1}]}),
        unchecked("spec.preferredNodeSelectors[0].preference: Required value"),
    ),
    "interface that is no list": (
        ("L2Advertisement", {"interfaces": "eth0"}),
        unchecked(
            'spec.interfaces: Invalid value: "string": spec.interfaces in body must be of type'
            ' array: "string"'
        ),
    ),
    "aggregation to length 0": (
        ("BGPAdvertisement", {"aggregationLength": 0}),
        "spec.aggregationLength: Invalid value: 0: spec.aggregationLength in body should be"
        " greater than or equal to 1",
    ),
    "aggregation to a text": (
        ("BGPAdvertisement", {"aggregationLength": "24"}),
        unchecked(
            'spec.aggregationLength: Invalid value: "string": spec.aggregationLength in body must be'
            ' of type integer: "string"'
        ),
    ),
    "IPv6 aggregation to length 129": (
        ("BGPAdvertisement", {"aggregationLengthV6": 129}),
        "spec.aggregationLengthV6: Invalid value: 129: a prefix length is a number from 1 to"
        " 128. Write 128 for none.",
    ),
    "negative preference": (
        ("BGPAdvertisement", {"localPref": -1}),
        "spec.localPref: Invalid value: -1: spec.localPref in body should be greater than or equal to 0",
    ),
    "preference beyond 32 bits": (
        ("BGPAdvertisement", {"localPref": 4294967296}),
        "spec.localPref: Invalid value: 4294967296: spec.localPref in body should be less than"
        " or equal to 4294967295",
    ),
    "path prepended not once": (
        ("BGPAdvertisement", {"asPathPrepend": 0}),
        "spec.asPathPrepend: Invalid value: 0: spec.asPathPrepend in body should be greater than"
        " or equal to 1",
    ),
    "path prepended 11 times": (
        ("BGPAdvertisement", {"asPathPrepend": 11}),
        "spec.asPathPrepend: Invalid value: 11: spec.asPathPrepend in body should be less than"
        " or equal to 10",
    ),
    "129 communities": (
        ("BGPAdvertisement", {"communities": [f"65000:{n}" for n in range(129)]}),
        unchecked("spec.communities: Too many: 129: must have at most 128 items"),
    ),
    "peer that is not ours": (
        ("BGPPeer", without(PEER, "myASN")),
        unchecked("spec.myASN: Required value"),
    ),
    "peer of a negative AS": (
        ("BGPPeer", {**PEER, "myASN": -1}),
        "spec.myASN: Invalid value: -1: spec.myASN in body should be greater than or equal to 0",
    ),
    "peer of an AS beyond 32 bits": (
        ("BGPPeer", {**PEER, "peerASN": 4294967296}),
        "spec.peerASN: Invalid value: 4294967296: spec.peerASN in body should be less than or"
        " equal to 4294967295",
    ),
    "peer of an AS in a text": (
        ("BGPPeer", {**PEER, "peerASN": "64513"}),
        unchecked(
            'spec.peerASN: Invalid value: "string": spec.peerASN in body must be of type integer: "string"'
        ),
    ),
    "peer that is shown AS 0": (
        ("BGPPeer", {**PEER, "localASN": 0}),
        "spec.localASN: Invalid value: 0: spec.localASN in body should be greater than or equal to 1",
    ),
    "peer of any AS": (
        ("BGPPeer", {**without(PEER, "peerASN"), "dynamicASN": "any"}),
        unchecked('spec.dynamicASN: Unsupported value: "any": supported values: "external", "internal"'),
    ),
    "peer at port 0": (
        ("BGPPeer", {**PEER, "peerPort": 0}),
        "spec.peerPort: Invalid value: 0: spec.peerPort in body should be greater than or equal to 1",
    ),
    "peer at port 16385": (
        ("BGPPeer", {**PEER, "peerPort": 16385}),
        "spec.peerPort: Invalid value: 16385: spec.peerPort in body should be less than or equal to 16384",
    ),
    "peer of a number of seconds": (
        ("BGPPeer", {**PEER, "holdTime": 90}),
        unchecked(
            'spec.holdTime: Invalid value: "integer": spec.holdTime in body must be of type string: "integer"'
        ),
    ),
    "peer with the name of a Secret": (
        ("BGPPeer", {**PEER, "passwordSecret": "rack"}),
        unchecked(
            'spec.passwordSecret: Invalid value: "string": spec.passwordSecret in body must be of'
            ' type object: "string"'
        ),
    ),
    "peer whose hold time is long": (
        ("BGPPeer", {**PEER, "holdTime": "1s" * 33}),
        unchecked("spec.holdTime: Too long: may not be more than 64 bytes"),
    ),
    "v1beta1, peer that is not ours": (
        ("BGPPeer", without(PEER, "myASN"), "v1beta1"),
        unchecked("spec.myASN: Required value"),
    ),
    "v1beta1, peer of no AS": (
        ("BGPPeer", without(PEER, "peerASN"), "v1beta1"),
        unchecked("spec.peerASN: Required value"),
    ),
    "v1beta1, peer nowhere": (
        ("BGPPeer", without(PEER, "peerAddress"), "v1beta1"),
        unchecked("spec.peerAddress: Required value"),
    ),
    "v1beta1, peer of AS 0": (
        ("BGPPeer", {**PEER, "myASN": 0}, "v1beta1"),
        "spec.myASN: Invalid value: 0: AS number 0 is reserved (RFC 7607). Write the AS number"
        " of this cluster, such as 64512.",
    ),
    "v1beta1, peer at port 16385": (
        ("BGPPeer", {**PEER, "peerPort": 16385}, "v1beta1"),
        "spec.peerPort: Invalid value: 16385: spec.peerPort in body should be less than or equal to 16384",
    ),
    "v1beta1, peer at no address": (
        ("BGPPeer", {**PEER, "peerAddress": "tor"}, "v1beta1"),
        'spec.peerAddress: Invalid value: "tor": this is no IP address. Write one, such as'
        " 192.0.2.1 or 2001:db8::1.",
    ),
    "v1beta1, hold time of 2 s": (
        ("BGPPeer", {**PEER, "holdTime": "2s"}, "v1beta1"),
        'spec.holdTime: Invalid value: "2s": a Hold Time is 0 or at least 3 s (RFC 4271, section'
        " 4.2). Write 3s or more.",
    ),
    "v1beta1, selector without values": (
        ("BGPPeer", {**PEER, "nodeSelectors": selecting(operator="In", values=[])}, "v1beta1"),
        "spec.nodeSelectors[0].matchExpressions[0].values: Invalid value: 0:"
        " spec.nodeSelectors[0].matchExpressions[0].values in body should have at least 1 items",
    ),
    "v1beta1, selector with no values": (
        ("BGPPeer", {**PEER, "nodeSelectors": selecting(operator="Exists")}, "v1beta1"),
        unchecked("spec.nodeSelectors[0].matchExpressions[0].values: Required value"),
    ),
    "profile that receives every 9 ms": (
        ("BFDProfile", {"receiveInterval": 9}),
        "spec.receiveInterval: Invalid value: 9: spec.receiveInterval in body should be greater"
        " than or equal to 10",
    ),
    "profile that receives every 60001 ms": (
        ("BFDProfile", {"receiveInterval": 60001}),
        "spec.receiveInterval: Invalid value: 60001: spec.receiveInterval in body should be less"
        " than or equal to 60000",
    ),
    "profile that sends every 9 ms": (
        ("BFDProfile", {"transmitInterval": 9}),
        "spec.transmitInterval: Invalid value: 9: spec.transmitInterval in body should be"
        " greater than or equal to 10",
    ),
    "profile that misses one": (
        ("BFDProfile", {"detectMultiplier": 1}),
        "spec.detectMultiplier: Invalid value: 1: spec.detectMultiplier in body should be"
        " greater than or equal to 2",
    ),
    "profile that misses 256": (
        ("BFDProfile", {"detectMultiplier": 256}),
        "spec.detectMultiplier: Invalid value: 256: spec.detectMultiplier in body should be less"
        " than or equal to 255",
    ),
    "profile that echoes every 9 ms": (
        ("BFDProfile", {"echoInterval": 9}),
        "spec.echoInterval: Invalid value: 9: spec.echoInterval in body should be greater than"
        " or equal to 10",
    ),
    "profile of TTL 0": (
        ("BFDProfile", {"minimumTtl": 0}),
        "spec.minimumTtl: Invalid value: 0: spec.minimumTtl in body should be greater than or equal to 1",
    ),
    "profile of TTL 255": (
        ("BFDProfile", {"minimumTtl": 255}),
        "spec.minimumTtl: Invalid value: 255: spec.minimumTtl in body should be less than or equal to 254",
    ),
    "profile that echoes a text": (
        ("BFDProfile", {"echoMode": "on"}),
        'spec.echoMode: Invalid value: "string": spec.echoMode in body must be of type boolean: "string"',
    ),
    "profile of half a millisecond": (
        ("BFDProfile", {"receiveInterval": 300.5}),
        '[spec.receiveInterval: Invalid value: "float64": spec.receiveInterval in body must be'
        ' of type int32: "float64", <nil>: Invalid value: "": Checked value must be of type'
        " integer with format int32 in spec.receiveInterval]",
    ),
    "community of a number": (
        ("Community", {"communities": [{"name": "a", "value": 65000}]}),
        unchecked(
            'spec.communities[0].value: Invalid value: "integer": spec.communities[0].value in body'
            ' must be of type string: "integer"'
        ),
    ),
    "pool of mapped addresses": (
        ("IPAddressPool", {"addresses": ["::ffff:192.0.2.0/120"]}),
        'spec.addresses[0]: Invalid value: "::ffff:192.0.2.0/120": what stands before the / is'
        " no IP address. Write a CIDR such as 192.0.2.0/24 or 2001:db8::/120.",
    ),
    "peer at a mapped address": (
        ("BGPPeer", {**PEER, "peerAddress": "::ffff:198.51.100.9"}),
        'spec.peerAddress: Invalid value: "::ffff:198.51.100.9": this is no IP address. Write'
        " one, such as 192.0.2.1 or 2001:db8::1.",
    ),
    "source at a mapped address": (
        ("BGPPeer", {**PEER, "sourceAddress": "::ffff:198.51.100.9"}),
        'spec.sourceAddress: Invalid value: "::ffff:198.51.100.9": this is no IP address. Write'
        " one, such as 192.0.2.1 or 2001:db8::1.",
    ),
    "peer at a multicast address": (
        ("BGPPeer", {**PEER, "peerAddress": "224.0.0.5"}),
        'spec.peerAddress: Invalid value: "224.0.0.5": no host has this address. Write the'
        " address of a host.",
    ),
    "peer at the unspecified address": (
        ("BGPPeer", {**PEER, "peerAddress": "::"}),
        'spec.peerAddress: Invalid value: "::": no host has this address. Write the address of a host.',
    ),
    "v1beta1, peer at a multicast address": (
        ("BGPPeer", {**PEER, "peerAddress": "ff02::5"}, "v1beta1"),
        'spec.peerAddress: Invalid value: "ff02::5": no host has this address. Write the address of a host.',
    ),
    "source of multicast": (
        ("BGPPeer", {**PEER, "sourceAddress": "224.0.0.5"}),
        'spec.sourceAddress: Invalid value: "224.0.0.5": no host has this address. Write the'
        " address of a host.",
    ),
    "source of the other family": (
        ("BGPPeer", {**PEER, "sourceAddress": "2001:db8::9"}),
        "spec.sourceAddress: Invalid value: it is 2001:db8::9, and spec.peerAddress is"
        " 198.51.100.9. Write both in one family.",
    ),
    "identifier 0": (
        ("BGPPeer", {**PEER, "routerID": "0.0.0.0"}),
        'spec.routerID: Invalid value: "0.0.0.0": a BGP Identifier is written as an IPv4'
        " address, and is not 0.0.0.0 (RFC 6286). Write one, such as 192.0.2.1.",
    ),
    "hold time of half a second": (
        ("BGPPeer", {**PEER, "holdTime": "500ms"}),
        'spec.holdTime: Invalid value: "500ms": BGP counts in seconds, and this is less than'
        " one. Write whole seconds, such as 90s.",
    ),
    "keepalive time of half a second": (
        ("BGPPeer", {**PEER, "keepaliveTime": "500ms"}),
        'spec.keepaliveTime: Invalid value: "500ms": BGP counts in seconds, and this is less'
        " than one. Write whole seconds, such as 90s.",
    ),
    "keepalive time that is too long": (
        ("BGPPeer", {**PEER, "keepaliveTime": "19h"}),
        'spec.keepaliveTime: Invalid value: "19h": it is over 65535 s. Write a shorter time, such as 90s.',
    ),
    "v1beta1, keepalive time that is too long": (
        ("BGPPeer", {**PEER, "keepaliveTime": "19h"}, "v1beta1"),
        'spec.keepaliveTime: Invalid value: "19h": it is over 65535 s. Write a shorter time, such as 90s.',
    ),
    "community without a name": (
        ("Community", {"communities": [{"value": "65000:1"}]}),
        "spec.communities[0].name: Invalid value: the name is empty. Write a name without colons.",
    ),
    "community with a colon in its name": (
        ("Community", {"communities": [{"name": "a:b", "value": "65000:1"}]}),
        'spec.communities[0].name: Invalid value: "a:b": a name with a colon would be read as a'
        " value. Write a name without colons.",
    ),
}
"""Refused by the CRDs."""
UNKNOWN = {
    "unknown field of a pool": (
        ("IPAddressPool", {**LAN, "adresses": []}),
        'unknown field "spec.adresses"',
    ),
    "unknown field of an allocation": (
        ("IPAddressPool", {**LAN, "serviceAllocation": {"namespaceSelector": []}}),
        'unknown field "spec.serviceAllocation.namespaceSelector"',
    ),
    "unknown field of an L2Advertisement": (
        ("L2Advertisement", {"nodeSelector": []}),
        'unknown field "spec.nodeSelector"',
    ),
    "unknown field of a BGPAdvertisement": (
        ("BGPAdvertisement", {"localpref": 100}),
        'unknown field "spec.localpref"',
    ),
    "unknown field of a peer": (
        ("BGPPeer", {**PEER, "holdtime": "90s"}),
        'unknown field "spec.holdtime"',
    ),
    "unknown field of an older peer": (
        ("BGPPeer", {**PEER, "vrf": "red"}, "v1beta1"),
        'unknown field "spec.vrf"',
    ),
    "unknown field of a profile": (
        ("BFDProfile", {"multiplier": 3}),
        'unknown field "spec.multiplier"',
    ),
    "unknown field of a community": (
        ("Community", {"communities": [{"name": "a", "community": "65000:1"}]}),
        'unknown field "spec.communities[0].community"',
    ),
    "pool of a selector that is no list": (
        ("IPAddressPool", {**LAN, "serviceAllocation": {"namespaceSelectors": {"matchLabels": {}}}}),
        'unknown field "spec.serviceAllocation.namespaceSelectors.matchLabels"',
    ),
    "communities that are no list": (
        ("Community", {"communities": {"name": "a"}}),
        'unknown field "spec.communities.name"',
    ),
}
"""Refused because the API server knows no such field, and does not say in which object."""
BY_US = {
    "pool of this network": (
        pool("0.0.0.0/8"),
        "spec.addresses[0] = '0.0.0.0/8': it holds addresses of 0.0.0.0/8 (this network), at"
        " which no Service can be reached. Leave them out.",
    ),
    "pool of loopback addresses": (
        pool("127.0.0.1-127.0.0.9"),
        "spec.addresses[0] = '127.0.0.1-127.0.0.9': it holds addresses of 127.0.0.0/8"
        " (loopback), at which no Service can be reached. Leave them out.",
    ),
    "pool of multicast addresses": (
        pool("203.0.113.0/28", "224.0.0.0/24"),
        "spec.addresses[1] = '224.0.0.0/24': it holds addresses of 224.0.0.0/4 (multicast), at"
        " which no Service can be reached. Leave them out.",
    ),
    "pool of the broadcast address": (
        pool("255.255.255.250-255.255.255.255"),
        "spec.addresses[0] = '255.255.255.250-255.255.255.255': it holds addresses of"
        " 255.255.255.255/32 (limited broadcast), at which no Service can be reached. Leave them"
        " out.",
    ),
    "pool of the unspecified IPv6 address": (
        pool("::/128"),
        "spec.addresses[0] = '::/128': it holds addresses of ::/128 (the unspecified address),"
        " at which no Service can be reached. Leave them out.",
    ),
    "pool of the IPv6 loopback address": (
        pool("::1/128"),
        "spec.addresses[0] = '::1/128': it holds addresses of ::1/128 (loopback), at which no"
        " Service can be reached. Leave them out.",
    ),
    "pool of IPv6 multicast addresses": (
        pool("ff02::/64"),
        "spec.addresses[0] = 'ff02::/64': it holds addresses of ff00::/8 (multicast), at which"
        " no Service can be reached. Leave them out.",
    ),
    "pool of everything": (
        pool("::/0"),
        "spec.addresses[0] = '::/0': it holds addresses of ::/128 (the unspecified address), at"
        " which no Service can be reached. Leave them out.",
    ),
    "IPv6 range that ends before it starts": (
        pool("2001:db8::9-2001:db8::1"),
        "spec.addresses[0] = '2001:db8::9-2001:db8::1': the range ends before it starts. Write"
        " 2001:db8::1-2001:db8::9.",
    ),
    "pool that overlaps itself": (
        pool("203.0.113.0/28", "203.0.113.8-203.0.113.9"),
        "spec.addresses = '203.0.113.8-203.0.113.9': it overlaps with 203.0.113.0-203.0.113.15"
        " of the same pool. List each address once.",
    ),
    "pool with one range twice": (
        pool("2001:db8:1::/64", "2001:db8:1::/64"),
        "spec.addresses = '2001:db8:1::-2001:db8:1:0:ffff:ffff:ffff:ffff': it overlaps with"
        " 2001:db8:1::-2001:db8:1:0:ffff:ffff:ffff:ffff of the same pool. List each address once.",
    ),
    "pool that overlaps another": (
        pool("192.0.2.127-192.0.2.130"),
        "spec.addresses = '192.0.2.127-192.0.2.130': it overlaps with 192.0.2.0-192.0.2.127 of"
        " IPAddressPool good. Take the common addresses out of one of the two pools.",
    ),
    "pool within another": (
        pool("203.0.113.0/28", "192.0.2.7/32"),
        "spec.addresses = '192.0.2.7-192.0.2.7': it overlaps with 192.0.2.0-192.0.2.127 of"
        " IPAddressPool good. Take the common addresses out of one of the two pools.",
    ),
    "pool around another": (
        pool("192.0.0.0/16"),
        "spec.addresses = '192.0.0.0-192.0.255.255': it overlaps with 192.0.2.0-192.0.2.127 of"
        " IPAddressPool good. Take the common addresses out of one of the two pools.",
    ),
    "pool that overlaps another in IPv6": (
        pool("2001:db8::ff-2001:db8::100"),
        "spec.addresses = '2001:db8::ff-2001:db8::100': it overlaps with 2001:db8::-2001:db8::ff"
        " of IPAddressPool good. Take the common addresses out of one of the two pools.",
    ),
    "pool that overlaps two others": (
        pool("192.0.2.1/32", "198.18.1.1/32"),
        "spec.addresses = '192.0.2.1-192.0.2.1': it overlaps with 192.0.2.0-192.0.2.127 of"
        " IPAddressPool good. Take the common addresses out of one of the two pools.",
        "spec.addresses = '198.18.1.1-198.18.1.1': it overlaps with 198.18.0.0-198.18.255.255 of"
        " IPAddressPool wide. Take the common addresses out of one of the two pools.",
    ),
    "pool of a namespace twice": (
        kept(namespaces=["a", "b", "a"]),
        "spec.serviceAllocation.namespaces[2] = 'a': it stands at"
        " spec.serviceAllocation.namespaces[0] already. Remove one of the two.",
    ),
    "pool of one selector twice": (
        kept(namespaceSelectors=TWICE),
        "spec.serviceAllocation.namespaceSelectors[1] = {'matchLabels': {'a': 'b'}}: it is the"
        " same selector as spec.serviceAllocation.namespaceSelectors[0]. Remove one of the two.",
    ),
    "pool of one selector of Services twice": (
        kept(serviceSelectors=TWICE),
        "spec.serviceAllocation.serviceSelectors[1] = {'matchLabels': {'a': 'b'}}: it is the"
        " same selector as spec.serviceAllocation.serviceSelectors[0]. Remove one of the two.",
    ),
    "pool of a selector of no label": (
        kept(namespaceSelectors=[{"matchLabels": {"-zone": "a"}}]),
        "spec.serviceAllocation.namespaceSelectors[0].matchLabels = {'-zone': 'a'}: no label can"
        " have this key. Correct the label.",
    ),
    "pool of a selector of no value": (
        kept(serviceSelectors=[{"matchLabels": {"zone": "a b"}}]),
        "spec.serviceAllocation.serviceSelectors[0].matchLabels = {'zone': 'a b'}: no label can"
        " have this value. Correct the label.",
    ),
    "pool of a selector of a value twice": (
        kept(serviceSelectors=selecting(operator="In", values=["a", "b", "a"])),
        "spec.serviceAllocation.serviceSelectors[0].matchExpressions[0] = {'key': 'zone',"
        " 'operator': 'In', 'values': ['a', 'b', 'a']}: a value stands there twice. Correct the"
        " operator or its values.",
    ),
    "pool of two faults": (
        pool("127.0.0.0/8", "203.0.113.0/28", serviceAllocation={"namespaces": ["a", "a"]}),
        "spec.addresses[0] = '127.0.0.0/8': it holds addresses of 127.0.0.0/8 (loopback), at"
        " which no Service can be reached. Leave them out.",
        "spec.serviceAllocation.namespaces[1] = 'a': it stands at"
        " spec.serviceAllocation.namespaces[0] already. Remove one of the two.",
    ),
    "pool that is perhaps protected": (
        ("IPAddressPool", LAN, {"annotations": {"anvil-lb.io/protect": "yes"}}),
        "metadata.annotations[anvil-lb.io/protect] = 'yes': this is neither true nor false."
        " Write 'true' or 'false', in quotes.",
    ),
    "L2Advertisement of a pool twice": (
        ("L2Advertisement", {"ipAddressPools": ["good", "good"]}),
        "spec.ipAddressPools[1] = 'good': it stands at spec.ipAddressPools[0] already. Remove"
        " one of the two.",
    ),
    "L2Advertisement of one selector twice": (
        ("L2Advertisement", {"ipAddressPoolSelectors": TWICE}),
        "spec.ipAddressPoolSelectors[1] = {'matchLabels': {'a': 'b'}}: it is the same selector"
        " as spec.ipAddressPoolSelectors[0]. Remove one of the two.",
    ),
    "L2Advertisement of nodes twice": (
        ("L2Advertisement", {"nodeSelectors": TWICE}),
        "spec.nodeSelectors[1] = {'matchLabels': {'a': 'b'}}: it is the same selector as"
        " spec.nodeSelectors[0]. Remove one of the two.",
    ),
    "L2Advertisement of Services twice": (
        ("L2Advertisement", {"serviceSelectors": TWICE}),
        "spec.serviceSelectors[1] = {'matchLabels': {'a': 'b'}}: it is the same selector as"
        " spec.serviceSelectors[0]. Remove one of the two.",
    ),
    "L2Advertisement of an interface twice": (
        ("L2Advertisement", {"interfaces": ["eth0", "eth1", "eth0"]}),
        "spec.interfaces[2] = 'eth0': it stands at spec.interfaces[0] already. Remove one of the two.",
    ),
    "L2Advertisement of a long interface": (
        ("L2Advertisement", {"interfaces": ["a-name-of-16-xxx"]}),
        "spec.interfaces[0] = 'a-name-of-16-xxx': no interface can have this name. Write the"
        " name as `ip link` shows it; patterns are not understood.",
    ),
    "L2Advertisement of a path": (
        ("L2Advertisement", {"interfaces": ["eth0/1"]}),
        "spec.interfaces[0] = 'eth0/1': no interface can have this name. Write the name as `ip"
        " link` shows it; patterns are not understood.",
    ),
    "L2Advertisement of an unnamed interface": (
        ("L2Advertisement", {"interfaces": [""]}),
        "spec.interfaces[0] = '': no interface can have this name. Write the name as `ip link`"
        " shows it; patterns are not understood.",
    ),
    "L2Advertisement of nodes of no label": (
        ("L2Advertisement", {"nodeSelectors": [{"matchLabels": {"zone/": "a"}}]}),
        "spec.nodeSelectors[0].matchLabels = {'zone/': 'a'}: no label can have this key. Correct the label.",
    ),
    "L2Advertisement that prefers no label": (
        (
            "L2Advertisement",
            {
                "preferredNodeSelectors": [
                    {
                        "weight": 1,
                        "preference": {"matchExpressions": [{"key": "zone!", "operator": "Exists"}]},
                    }
                ]
            },
        ),
        "spec.preferredNodeSelectors[0].preference.matchExpressions[0] = {'key': 'zone!',"
        " 'operator': 'Exists'}: no label can have this key. Correct the operator or its values.",
    ),
    "BGPAdvertisement of a pool twice": (
        ("BGPAdvertisement", {"ipAddressPools": ["wide", "wide"]}),
        "spec.ipAddressPools[1] = 'wide': it stands at spec.ipAddressPools[0] already. Remove"
        " one of the two.",
    ),
    "BGPAdvertisement of a peer twice": (
        ("BGPAdvertisement", {"ipAddressPools": ["wide"], "peers": ["rack", "rack"]}),
        "spec.peers[1] = 'rack': it stands at spec.peers[0] already. Remove one of the two.",
    ),
    "BGPAdvertisement of one selector twice": (
        ("BGPAdvertisement", {"ipAddressPoolSelectors": TWICE}),
        "spec.ipAddressPoolSelectors[1] = {'matchLabels': {'a': 'b'}}: it is the same selector"
        " as spec.ipAddressPoolSelectors[0]. Remove one of the two.",
    ),
    "BGPAdvertisement of nodes twice": (
        ("BGPAdvertisement", {"ipAddressPools": ["wide"], "nodeSelectors": TWICE}),
        "spec.nodeSelectors[1] = {'matchLabels': {'a': 'b'}}: it is the same selector as"
        " spec.nodeSelectors[0]. Remove one of the two.",
    ),
    "BGPAdvertisement of Services twice": (
        ("BGPAdvertisement", {"serviceSelectors": TWICE}),
        "spec.serviceSelectors[1] = {'matchLabels': {'a': 'b'}}: it is the same selector as"
        " spec.serviceSelectors[0]. Remove one of the two.",
    ),
    "64 communities": (
        ("BGPAdvertisement", {"ipAddressPools": ["wide"], "communities": [f"65000:{n}" for n in range(64)]}),
        "spec.communities = '...': a route can carry 63 communities, and these are 64. Remove some.",
    ),
    "aggregation beyond the pool": (
        ("BGPAdvertisement", {"ipAddressPools": ["wide"], "aggregationLength": 15}),
        "spec.aggregationLength = 15: it is shorter than the prefixes of"
        " 198.18.0.0-198.18.255.255: the routes would lead beyond IPAddressPool wide, so they are"
        " not sent. Write a longer one, or take the pool out of spec.ipAddressPools.",
    ),
    "IPv6 aggregation beyond the pool": (
        ("BGPAdvertisement", {**AS_SENT, "peers": ["four"], "aggregationLengthV6": 119}),
        "spec.aggregationLengthV6 = 119: it is shorter than the prefixes of"
        " 2001:db8::-2001:db8::ff: the routes would lead beyond IPAddressPool good, so they are"
        " not sent. Write a longer one, or take the pool out of spec.ipAddressPools.",
        "with this change, another object would be wrong: BGPPeer metallb-system/four:"
        " spec.bfdProfile = 'echoing': it has echoMode, which is of IPv4 only, and"
        " BGPAdvertisement ipv6-aggregation-beyond-the-pool sends it IPv6 routes of IPAddressPool"
        " good. Name a profile without echoMode, or leave this peer out by spec.peers.",
    ),
    "route of another preference": (
        ("BGPAdvertisement", {**AS_SENT, "localPref": 200}),
        "spec.localPref = 200: BGPAdvertisement sent sends the same routes, of IPAddressPool"
        " good, with 100. Write the same value in both, or keep their peers or nodes apart.",
    ),
    "route of another path": (
        ("BGPAdvertisement", without(AS_SENT, "asPathPrepend")),
        "spec.asPathPrepend = 0: BGPAdvertisement sent sends the same routes, of IPAddressPool"
        " good, with 2. Write the same value in both, or keep their peers or nodes apart.",
    ),
    "IPv6 route to a peer that echoes": (
        ("BGPAdvertisement", {**AS_SENT, "peers": ["four"]}),
        "with this change, another object would be wrong: BGPPeer metallb-system/four:"
        " spec.bfdProfile = 'echoing': it has echoMode, which is of IPv4 only, and"
        " BGPAdvertisement ipv6-route-to-a-peer-that-echoes sends it IPv6 routes of IPAddressPool"
        " good. Name a profile without echoMode, or leave this peer out by spec.peers.",
    ),
    "route of no preference": (
        ("BGPAdvertisement", {}),
        "spec.localPref = 0: BGPAdvertisement sent sends the same routes, of IPAddressPool good,"
        " with 100. Write the same value in both, or keep their peers or nodes apart.",
    ),
    "peer that is there already": (
        ("BGPPeer", {**PEER, "peerAddress": "198.51.100.1"}),
        "spec.peerAddress = '198.51.100.1': BGPPeer rack is the same neighbor, on some of the"
        " same nodes. Remove one of the two, or keep their nodes apart by spec.nodeSelectors.",
    ),
    "v1beta1, peer that is there already": (
        ("BGPPeer", {**PEER, "peerAddress": "198.51.100.1"}, "v1beta1"),
        "spec.peerAddress = '198.51.100.1': BGPPeer rack is the same neighbor, on some of the"
        " same nodes. Remove one of the two, or keep their nodes apart by spec.nodeSelectors.",
    ),
    "peer behind the same interface": (
        ("BGPPeer", {"myASN": 64512, "peerASN": 64513, "interface": "eth1"}),
        "spec.interface = 'eth1': BGPPeer unnumbered is the same neighbor, on some of the same"
        " nodes. Remove one of the two, or keep their nodes apart by spec.nodeSelectors.",
    ),
    "peer behind no interface": (
        ("BGPPeer", {"myASN": 64512, "peerASN": 64513, "interface": "an interface"}),
        "spec.interface = 'an interface': no interface can have this name. Write the name as `ip"
        " link` shows it; patterns are not understood.",
    ),
    "Secret of another namespace": (
        ("BGPPeer", {**PEER, "passwordSecret": {"name": "rack", "namespace": "default"}}),
        "spec.passwordSecret.namespace = 'default': Secrets of other namespaces are not read."
        " Put the Secret into namespace metallb-system.",
    ),
    "peer of nodes twice": (
        ("BGPPeer", {**PEER, "nodeSelectors": TWICE}),
        "spec.nodeSelectors[1] = {'matchLabels': {'a': 'b'}}: it is the same selector as"
        " spec.nodeSelectors[0]. Remove one of the two.",
    ),
    "peer of nodes of no label": (
        ("BGPPeer", {**PEER, "nodeSelectors": [{"matchLabels": {"": "a"}}]}),
        "spec.nodeSelectors[0].matchLabels = {'': 'a'}: no label can have this key. Correct the label.",
    ),
    "v1beta1, peer of nodes twice": (
        ("BGPPeer", {**PEER, "nodeSelectors": TWICE}, "v1beta1"),
        "spec.nodeSelectors[1] = {'matchLabels': {'a': 'b'}}: it is the same selector as"
        " spec.nodeSelectors[0]. Remove one of the two.",
    ),
    "community twice in one object": (
        (
            "Community",
            {"communities": [{"name": "a", "value": "65000:1"}, {"name": "a", "value": "65000:2"}]},
        ),
        "spec.communities[1].name = 'a': spec.communities[0] has this name already. Give each"
        " community one name.",
    ),
    "community of another object": (
        (
            "Community",
            {
                "communities": [
                    {"name": "fine", "value": "65000:1"},
                    {"name": "blackhole", "value": "65000:2"},
                ]
            },
        ),
        "spec.communities[1].name = 'blackhole': Community told gives this name already. Keep it"
        " in one of the two.",
    ),
    "pool elsewhere": (
        ("IPAddressPool", LAN, {"namespace": "default"}),
        "metadata.namespace = 'default': resource must be created in metallb-system namespace."
        " In others it is not read.",
    ),
    "L2Advertisement elsewhere": (
        ("L2Advertisement", {}, {"namespace": "default"}),
        "metadata.namespace = 'default': resource must be created in metallb-system namespace."
        " In others it is not read.",
    ),
    "BGPAdvertisement elsewhere": (
        ("BGPAdvertisement", {}, {"namespace": "default"}),
        "metadata.namespace = 'default': resource must be created in metallb-system namespace."
        " In others it is not read.",
    ),
    "peer elsewhere": (
        ("BGPPeer", PEER, {"namespace": "default"}),
        "metadata.namespace = 'default': resource must be created in metallb-system namespace."
        " In others it is not read.",
    ),
    "profile elsewhere": (
        ("BFDProfile", {}, {"namespace": "default"}),
        "metadata.namespace = 'default': resource must be created in metallb-system namespace."
        " In others it is not read.",
    ),
    "community elsewhere": (
        ("Community", {}, {"namespace": "default"}),
        "metadata.namespace = 'default': resource must be created in metallb-system namespace."
        " In others it is not read.",
    ),
    "v1beta1, peer of an empty AS": (
        ("BGPPeer", {**PEER, "peerASN": 0}, "v1beta1"),
        "spec.peerASN = 0: neither it nor spec.dynamicASN is set. Write the AS number of the"
        " peer, or dynamicASN: internal or external.",
    ),
    "v1beta1, peer at no place": (
        ("BGPPeer", {**PEER, "peerAddress": ""}, "v1beta1"),
        "spec.peerAddress = '': neither it nor spec.interface is set. Write the IP address of the peer.",
    ),
    "peer that is there already but for a space": (
        ("BGPPeer", {**PEER, "peerAddress": "198.51.100.1 "}),
        "spec.peerAddress = '198.51.100.1': BGPPeer rack is the same neighbor, on some of the"
        " same nodes. Remove one of the two, or keep their nodes apart by spec.nodeSelectors.",
    ),
    "aggregation beyond a pool whose addresses are sent already": (
        ("BGPAdvertisement", {**AS_SENT, "peers": ["unnumbered"], "aggregationLength": 24}),
        "spec.aggregationLength = 24: it is shorter than the prefixes of 192.0.2.0-192.0.2.127:"
        " the routes would lead beyond IPAddressPool good, so they are not sent. Write a longer"
        " one, or take the pool out of spec.ipAddressPools.",
    ),
    "pool of the ranges of another": (
        ("IPAddressPool", {"addresses": ["198.18.0.0/16"]}),
        "spec.addresses = '198.18.0.0-198.18.255.255': it overlaps with"
        " 198.18.0.0-198.18.255.255 of IPAddressPool wide. Take the common addresses out of one"
        " of the two pools.",
    ),
    "peer that echoes and gets IPv6": (
        ("BGPPeer", {**PEER, "bfdProfile": "echoing"}),
        "spec.bfdProfile = 'echoing': it has echoMode, which is of IPv4 only, and"
        " BGPAdvertisement sent sends it IPv6 routes of IPAddressPool good. Name a profile"
        " without echoMode, or leave this peer out by spec.peers.",
    ),
}
"""Refused by the webhook; a reason after the other."""
