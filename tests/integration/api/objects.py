"""A good object of each kind with all of its fields, and bad ones, each of which one rule refuses."""

SELECTOR = {
    "matchLabels": {"rack": "a"},
    "matchExpressions": [
        {"key": "zone", "operator": "In", "values": ["b"]},
        {"key": "spare", "operator": "DoesNotExist"},
    ],
}
GOOD = {
    "IPAddressPool": {
        "addresses": ["192.0.2.0/24", "2001:db8::10-2001:db8::20"],
        "autoAssign": False,
        "avoidBuggyIPs": True,
        "serviceAllocation": {
            "priority": 50,
            "namespaces": ["tenant"],
            "namespaceSelectors": [SELECTOR],
            "serviceSelectors": [SELECTOR],
        },
    },
    "L2Advertisement": {
        "ipAddressPools": ["lan"],
        "ipAddressPoolSelectors": [SELECTOR],
        "nodeSelectors": [SELECTOR],
        "interfaces": ["eth0"],
        "serviceSelectors": [SELECTOR],
        "preferredNodeSelectors": [{"weight": 100, "preference": SELECTOR}],
    },
    "BGPAdvertisement": {
        "aggregationLength": 32,
        "aggregationLengthV6": 128,
        "localPref": 4294967295,
        "asPathPrepend": 3,
        "communities": ["65535:65281", "large:4200000000:1:2", "blackhole"],
        "ipAddressPools": ["lan"],
        "ipAddressPoolSelectors": [SELECTOR],
        "nodeSelectors": [SELECTOR],
        "serviceSelectors": [SELECTOR],
        "peers": ["tor"],
    },
    "BGPPeer": {
        "myASN": 4294967295,
        "peerASN": 64513,
        "localASN": 4200000000,
        "peerAddress": "2001:db8::1",
        "sourceAddress": "2001:db8::2",
        "peerPort": 1179,
        "holdTime": "1m30s",
        "keepaliveTime": "30s",
        "connectTime": "10s",
        "routerID": "192.0.2.1",
        "nodeSelectors": [SELECTOR],
        "passwordSecret": {"name": "tor", "namespace": "metallb-system"},
        "bfdProfile": "fast",
        "enableGracefulRestart": True,
        "ebgpMultiHop": True,
        "vrf": "red",
        "disableMP": False,
        "dualStackAddressFamily": True,
    },
    "BFDProfile": {
        "receiveInterval": 300,
        "transmitInterval": 300,
        "detectMultiplier": 3,
        "echoInterval": 50,
        "echoMode": False,
        "passiveMode": True,
        "minimumTtl": 254,
    },
    "Community": {
        "communities": [
            {"name": "blackhole", "value": "65535:666"},
            {"name": "far", "value": "large:4200000000:1:2"},
        ]
    },
    "ServiceL2Status": {},
    "ServiceBGPStatus": {},
    "ConfigurationState": None,
}
LEFT_OUT = {"BGPPeer": {"dynamicASN", "interface", "password"}}
"""Fields that have no room beside the others."""
STATUSES = {
    "IPAddressPool": {"assignedIPv4": 1, "assignedIPv6": 0, "availableIPv4": 255, "availableIPv6": 17},
    "ServiceL2Status": {
        "node": "node-a",
        "serviceName": "web",
        "serviceNamespace": "default",
        "interfaces": [{"name": "eth0"}],
    },
    "ServiceBGPStatus": {
        "node": "node-a",
        "serviceName": "web",
        "serviceNamespace": "default",
        "peers": ["tor"],
    },
    "ConfigurationState": {
        "result": "Invalid",
        "errorSummary": "it is wrong",
        "conditions": [
            {
                "type": "poolReconcilerValid",
                "status": "False",
                "reason": "ConfigurationError",
                "message": "configuration error: it is wrong",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
                "observedGeneration": 1,
            }
        ],
    },
}
VERSIONS = {"BGPPeer": "v1beta2"}


def custom_resource(kind, name, spec, version=None):
    """An object of *kind* in the version that is stored."""
    return {
        "apiVersion": f"metallb.io/{version or VERSIONS.get(kind, 'v1beta1')}",
        "kind": kind,
        "metadata": {"name": name},
        **({} if spec is None else {"spec": spec}),
    }


PEER = {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1"}
NOWHERE = {"myASN": 64512, "peerASN": 64513}
NOBODY = {"myASN": 64512, "peerAddress": "192.0.2.1"}


def selecting(**requirement):
    return {"nodeSelectors": [{"matchExpressions": [{"key": "zone", **requirement}]}]}


BAD = {
    "pool without addresses": (
        ("IPAddressPool", {"addresses": []}),
        "spec.addresses: Invalid value: the pool has no addresses."
        " Add a CIDR or a range, or delete the pool.",
    ),
    "address alone": (
        ("IPAddressPool", {"addresses": ["192.0.2.0/24", "10.0.0.5"]}),
        'spec.addresses[1]: Invalid value: "10.0.0.5": an address without a prefix length is no range.'
        " Write 10.0.0.5/32.",
    ),
    "IPv6 address alone": (
        ("IPAddressPool", {"addresses": ["2001:db8::1"]}),
        'spec.addresses[0]: Invalid value: "2001:db8::1": an address without a prefix length is no range.'
        " Write 2001:db8::1/128.",
    ),
    "no address at all": (
        ("IPAddressPool", {"addresses": ["lan"]}),
        'spec.addresses[0]: Invalid value: "lan": this is neither a CIDR nor a range.'
        " Write a CIDR such as 192.0.2.0/24 or 2001:db8::/120, or a range such as 192.0.2.10-192.0.2.20.",
    ),
    "CIDR of no address": (
        ("IPAddressPool", {"addresses": ["192.0.2/24"]}),
        'spec.addresses[0]: Invalid value: "192.0.2/24": what stands before the / is no IP address.'
        " Write a CIDR such as 192.0.2.0/24 or 2001:db8::/120.",
    ),
    "CIDR that is too long": (
        ("IPAddressPool", {"addresses": ["192.0.2.0/33"]}),
        'spec.addresses[0]: Invalid value: "192.0.2.0/33": the prefix length of an IPv4 CIDR is a number'
        " from 0 to 32. Write a CIDR such as 192.0.2.0/24 or 2001:db8::/120.",
    ),
    "IPv6 CIDR that is too long": (
        ("IPAddressPool", {"addresses": ["2001:db8::/129"]}),
        'spec.addresses[0]: Invalid value: "2001:db8::/129": the prefix length of an IPv6 CIDR is a number'
        " from 0 to 128. Write a CIDR such as 192.0.2.0/24 or 2001:db8::/120.",
    ),
    "range that starts nowhere": (
        ("IPAddressPool", {"addresses": ["a-192.0.2.9"]}),
        'spec.addresses[0]: Invalid value: "a-192.0.2.9": what stands before the - is no IP address.'
        " Write two addresses, such as 192.0.2.10-192.0.2.20.",
    ),
    "range that ends nowhere": (
        ("IPAddressPool", {"addresses": ["192.0.2.1-9"]}),
        'spec.addresses[0]: Invalid value: "192.0.2.1-9": what stands after the - is no IP address.'
        " Write two addresses, such as 192.0.2.10-192.0.2.20.",
    ),
    "range of two families": (
        ("IPAddressPool", {"addresses": ["192.0.2.1-2001:db8::1"]}),
        'spec.addresses[0]: Invalid value: "192.0.2.1-2001:db8::1": the range starts in one IP family'
        " and ends in the other. Write both ends in IPv4 or both in IPv6.",
    ),
    "range that ends before it starts": (
        ("IPAddressPool", {"addresses": ["192.0.2.100 - 192.0.2.99"]}),
        'spec.addresses[0]: Invalid value: "192.0.2.100 - 192.0.2.99": the range ends before it starts.'
        " Write 192.0.2.99-192.0.2.100.",
    ),
    "unknown operator": (
        ("L2Advertisement", selecting(operator="in", values=["a"])),
        'spec.nodeSelectors[0].matchExpressions[0].operator: Invalid value: "in": the operator is none of'
        " In, NotIn, Exists and DoesNotExist. Write one of these.",
    ),
    "operator without values": (
        ("L2Advertisement", selecting(operator="NotIn")),
        "spec.nodeSelectors[0].matchExpressions[0]: Invalid value: operator NotIn needs at least one value."
        " Correct the operator or its values.",
    ),
    "operator with values": (
        ("L2Advertisement", selecting(operator="Exists", values=["a"])),
        "spec.nodeSelectors[0].matchExpressions[0]: Invalid value: operator Exists takes no values."
        " Correct the operator or its values.",
    ),
    "IPv4 aggregation": (
        ("BGPAdvertisement", {"aggregationLength": 33}),
        "spec.aggregationLength: Invalid value: 33: the prefix length of an IPv4 route is at most 32."
        " Write a number from 1 to 32.",
    ),
    "IPv6 aggregation": (
        ("BGPAdvertisement", {"aggregationLengthV6": 0}),
        "spec.aggregationLengthV6: Invalid value: 0: the prefix length of an IPv6 route is from 1 to 128."
        " Write a number from 1 to 128.",
    ),
    "aggregation of some Services": (
        ("BGPAdvertisement", {"aggregationLength": 24, "serviceSelectors": [{}]}),
        "spec.serviceSelectors: Invalid value: a route to several addresses cannot be of some Services only."
        " Remove serviceSelectors, or aggregationLength and aggregationLengthV6.",
    ),
    "IPv6 aggregation of some Services": (
        ("BGPAdvertisement", {"aggregationLengthV6": 64, "serviceSelectors": [{}]}),
        "spec.serviceSelectors: Invalid value: a route to several addresses cannot be of some Services only."
        " Remove serviceSelectors, or aggregationLength and aggregationLengthV6.",
    ),
    "community twice": (
        ("BGPAdvertisement", {"communities": ["65000:1", "lan", "65000:1"]}),
        "spec.communities: Invalid value: 65000:1 stands there twice. List each community once.",
    ),
    "community in an advertisement": (
        ("BGPAdvertisement", {"communities": ["lan", "65000:70000"]}),
        'spec.communities[1]: Invalid value: "65000:70000": the parts of a community are numbers from 0 to'
        " 65535. Write it as in 65000:1, or large:4200000000:1:2.",
    ),
    "large community in an advertisement": (
        ("BGPAdvertisement", {"communities": ["large:1:2"]}),
        'spec.communities[0]: Invalid value: "large:1:2": a large community is large: and three numbers'
        " with colons between. Write it as in 65000:1, or large:4200000000:1:2.",
    ),
    "community": (
        ("Community", {"communities": [{"name": "a", "value": "65000"}]}),
        'spec.communities[0].value: Invalid value: "65000": a community is two numbers with colons between.'
        " Write it as in 65000:1, or large:4200000000:1:2.",
    ),
    "community of large parts": (
        ("Community", {"communities": [{"name": "a", "value": "70000:1"}]}),
        'spec.communities[0].value: Invalid value: "70000:1": the parts of a community are numbers from 0 to'
        " 65535. Write it as in 65000:1, or large:4200000000:1:2.",
    ),
    "large community of larger parts": (
        ("Community", {"communities": [{"name": "a", "value": "large:1:2:4294967296"}]}),
        'spec.communities[0].value: Invalid value: "large:1:2:4294967296": the parts of a large community are'
        " numbers from 0 to 4294967295. Write it as in 65000:1, or large:4200000000:1:2.",
    ),
    "no community": (
        ("Community", {"communities": [{"name": "a"}]}),
        "spec.communities[0].value: Invalid value: a community is two numbers with colons between."
        " Write it as in 65000:1, or large:4200000000:1:2.",
    ),
    "AS 0": (
        ("BGPPeer", {**PEER, "myASN": 0}),
        "spec.myASN: Invalid value: 0: 0 is no AS number (RFC 7607). Write the number of our AS.",
    ),
    "peer of no AS": (
        ("BGPPeer", NOBODY),
        "spec.peerASN: Invalid value: neither peerASN nor dynamicASN is given."
        " Write the peer's AS number, or internal or external in dynamicASN.",
    ),
    "peer of AS 0": (
        ("BGPPeer", {**NOBODY, "peerASN": 0}),
        "spec.peerASN: Invalid value: neither peerASN nor dynamicASN is given."
        " Write the peer's AS number, or internal or external in dynamicASN.",
    ),
    "peer of two AS": (
        ("BGPPeer", {**PEER, "dynamicASN": "external"}),
        "spec.dynamicASN: Invalid value: peerASN is given, too. Remove one of them.",
    ),
    "peer nowhere": (
        ("BGPPeer", NOWHERE),
        "spec.peerAddress: Invalid value: neither peerAddress nor interface is given."
        " Write the peer's IP address, or the interface that it is found behind.",
    ),
    "peer at two places": (
        ("BGPPeer", {**PEER, "interface": "eth0"}),
        "spec.interface: Invalid value: peerAddress is given, too. Remove one of them.",
    ),
    "peer at no address": (
        ("BGPPeer", {**NOWHERE, "peerAddress": "tor.example.com"}),
        'spec.peerAddress: Invalid value: "tor.example.com": this is no IP address.'
        " Write one such as 192.0.2.1 or 2001:db8::1.",
    ),
    "peer at an address with a zone": (
        ("BGPPeer", {**NOWHERE, "peerAddress": "fe80::1%eth0"}),
        'spec.peerAddress: Invalid value: "fe80::1%eth0": this is no IP address.'
        " Write one such as 192.0.2.1 or 2001:db8::1.",
    ),
    "source of no address": (
        ("BGPPeer", {**PEER, "sourceAddress": "192.0.2.256"}),
        'spec.sourceAddress: Invalid value: "192.0.2.256": this is no IP address.'
        " Write one such as 192.0.2.1 or 2001:db8::1.",
    ),
    "identifier of IPv6": (
        ("BGPPeer", {**PEER, "routerID": "2001:db8::1"}),
        'spec.routerID: Invalid value: "2001:db8::1": a BGP Identifier is written as an IPv4 address.'
        " Write one such as 192.0.2.1.",
    ),
    "multi-hop to our own AS": (
        ("BGPPeer", {**PEER, "peerASN": 64512, "ebgpMultiHop": True}),
        "spec.ebgpMultiHop: Invalid value: the peer is of our AS, and the field is for external peers."
        " Remove it.",
    ),
    "multi-hop to our own dynamic AS": (
        ("BGPPeer", {**NOBODY, "dynamicASN": "internal", "ebgpMultiHop": True}),
        "spec.ebgpMultiHop: Invalid value: the peer is of our AS, and the field is for external peers."
        " Remove it.",
    ),
    "two passwords": (
        ("BGPPeer", {**PEER, "password": "hush", "passwordSecret": {"name": "tor"}}),
        "spec.passwordSecret: Invalid value: password is given, too. Remove one of them.",
    ),
    "hold time of no duration": (
        ("BGPPeer", {**PEER, "holdTime": "90"}),
        'spec.holdTime: Invalid value: "90": this is no duration.'
        " Write a number and a unit, such as 90s or 1m30s.",
    ),
    "hold time that is too short": (
        ("BGPPeer", {**PEER, "holdTime": "2s"}),
        'spec.holdTime: Invalid value: "2s": a hold time is 0 or from 3 to 65535 seconds (RFC 4271).'
        " Write one such as 90s.",
    ),
    "hold time that is too long": (
        ("BGPPeer", {**PEER, "holdTime": "24h"}),
        'spec.holdTime: Invalid value: "24h": a hold time is 0 or from 3 to 65535 seconds (RFC 4271).'
        " Write one such as 90s.",
    ),
    "keepalive time of no duration": (
        ("BGPPeer", {**PEER, "keepaliveTime": "often"}),
        'spec.keepaliveTime: Invalid value: "often": this is no duration.'
        " Write a number and a unit, such as 90s or 1m30s.",
    ),
    "keepalive time beyond the hold time": (
        ("BGPPeer", {**PEER, "holdTime": "9s", "keepaliveTime": "9001ms"}),
        "spec.keepaliveTime: Invalid value: it is 9001ms, longer than holdTime, which is 9s."
        " Write a third of it, or remove this.",
    ),
    "connect time of no duration": (
        ("BGPPeer", {**PEER, "connectTime": "10 s"}),
        'spec.connectTime: Invalid value: "10 s": this is no duration.'
        " Write a number and a unit, such as 90s or 1m30s.",
    ),
    "connect time of nothing": (
        ("BGPPeer", {**PEER, "connectTime": "0s"}),
        'spec.connectTime: Invalid value: "0s": a connect time is from 1 to 65535 whole seconds.'
        " Write one such as 10s.",
    ),
    "connect time of a fraction": (
        ("BGPPeer", {**PEER, "connectTime": "1.5s"}),
        'spec.connectTime: Invalid value: "1.5s": a connect time is from 1 to 65535 whole seconds.'
        " Write one such as 10s.",
    ),
    "v1beta1, multi-hop to our own AS": (
        ("BGPPeer", {**PEER, "peerASN": 64512, "ebgpMultiHop": True}, "v1beta1"),
        "spec.ebgpMultiHop: Invalid value: the peer is of our AS, and the field is for external peers."
        " Remove it.",
    ),
    "v1beta1, unknown operator": (
        ("BGPPeer", {**PEER, **selecting(operator="=", values=["a"])}, "v1beta1"),
        'spec.nodeSelectors[0].matchExpressions[0].operator: Invalid value: "=": the operator is none of'
        " In, NotIn, Exists and DoesNotExist. Write one of these.",
    ),
}
