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
        "spec.aggregationLength: Invalid value: 33: a prefix length is a number from 1 to 32."
        " Write 32 for none.",
    ),
    "IPv6 aggregation": (
        ("BGPAdvertisement", {"aggregationLengthV6": 0}),
        "spec.aggregationLengthV6: Invalid value: 0: a prefix length is a number from 1 to 128."
        " Write 128 for none.",
    ),
    "aggregation of some Services": (
        ("BGPAdvertisement", {"aggregationLength": 24, "serviceSelectors": [{}]}),
        "spec.aggregationLength: Invalid value: with spec.serviceSelectors, a Service's own address is"
        " advertised, never an aggregate. Remove one of the two.",
    ),
    "IPv6 aggregation of some Services": (
        ("BGPAdvertisement", {"aggregationLengthV6": 64, "serviceSelectors": [{}]}),
        "spec.aggregationLengthV6: Invalid value: with spec.serviceSelectors, a Service's own address is"
        " advertised, never an aggregate. Remove one of the two.",
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
    "community without a name": (
        ("Community", {"communities": [{"value": "65000:1"}]}),
        "spec.communities[0].name: Invalid value: the name is empty. Write a name without colons.",
    ),
    "community with an empty name": (
        ("Community", {"communities": [{"name": "", "value": "65000:1"}]}),
        'spec.communities[0].name: Invalid value: "": the name is empty. Write a name without colons.',
    ),
    "community with a colon in its name": (
        ("Community", {"communities": [{"name": "65000:2", "value": "65000:1"}]}),
        'spec.communities[0].name: Invalid value: "65000:2": a name with a colon would be read as a value.'
        " Write a name without colons.",
    ),
    "AS 0": (
        ("BGPPeer", {**PEER, "myASN": 0}),
        "spec.myASN: Invalid value: 0: AS number 0 is reserved (RFC 7607)."
        " Write the AS number of this cluster, such as 64512.",
    ),
    "peer of no AS": (
        ("BGPPeer", NOBODY),
        "spec.peerASN: Invalid value: neither it nor spec.dynamicASN is set."
        " Write the AS number of the peer, or dynamicASN: internal or external.",
    ),
    "peer of AS 0": (
        ("BGPPeer", {**NOBODY, "peerASN": 0}),
        "spec.peerASN: Invalid value: neither it nor spec.dynamicASN is set."
        " Write the AS number of the peer, or dynamicASN: internal or external.",
    ),
    "peer of two AS": (
        ("BGPPeer", {**PEER, "dynamicASN": "external"}),
        "spec.dynamicASN: Invalid value: it is external, and spec.peerASN is set as well."
        " Keep one of the two.",
    ),
    "peer nowhere": (
        ("BGPPeer", NOWHERE),
        "spec.peerAddress: Invalid value: neither it nor spec.interface is set."
        " Write the IP address of the peer.",
    ),
    "peer at two places": (
        ("BGPPeer", {**PEER, "interface": "eth0"}),
        "spec.interface: Invalid value: it is eth0, and spec.peerAddress is set as well, to 192.0.2.1."
        " Keep one of the two.",
    ),
    "peer at no address": (
        ("BGPPeer", {**NOWHERE, "peerAddress": "tor.example.com"}),
        'spec.peerAddress: Invalid value: "tor.example.com": this is no IP address.'
        " Write one, such as 192.0.2.1 or 2001:db8::1.",
    ),
    "peer at an address with a zone": (
        ("BGPPeer", {**NOWHERE, "peerAddress": "fe80::1%eth0"}),
        'spec.peerAddress: Invalid value: "fe80::1%eth0": this is no IP address.'
        " Write one, such as 192.0.2.1 or 2001:db8::1.",
    ),
    "peer that is no host": (
        ("BGPPeer", {**NOWHERE, "peerAddress": "224.0.0.5"}),
        'spec.peerAddress: Invalid value: "224.0.0.5": no host has this address.'
        " Write the address of a host.",
    ),
    "source of no address": (
        ("BGPPeer", {**PEER, "sourceAddress": "192.0.2.256"}),
        'spec.sourceAddress: Invalid value: "192.0.2.256": this is no IP address.'
        " Write one, such as 192.0.2.1 or 2001:db8::1.",
    ),
    "source that is no host": (
        ("BGPPeer", {**NOWHERE, "peerAddress": "2001:db8::1", "sourceAddress": "::"}),
        'spec.sourceAddress: Invalid value: "::": no host has this address. Write the address of a host.',
    ),
    "source of another family": (
        ("BGPPeer", {**PEER, "sourceAddress": "2001:db8::1"}),
        "spec.sourceAddress: Invalid value: it is 2001:db8::1, and spec.peerAddress is 192.0.2.1."
        " Write both in one family.",
    ),
    "identifier of IPv6": (
        ("BGPPeer", {**PEER, "routerID": "2001:db8::1"}),
        'spec.routerID: Invalid value: "2001:db8::1": a BGP Identifier is written as an IPv4 address, and is'
        " not 0.0.0.0 (RFC 6286). Write one, such as 192.0.2.1.",
    ),
    "identifier of nobody": (
        ("BGPPeer", {**PEER, "routerID": "0.0.0.0"}),
        'spec.routerID: Invalid value: "0.0.0.0": a BGP Identifier is written as an IPv4 address, and is'
        " not 0.0.0.0 (RFC 6286). Write one, such as 192.0.2.1.",
    ),
    "multi-hop to our own AS": (
        ("BGPPeer", {**PEER, "peerASN": 64512, "ebgpMultiHop": True}),
        "spec.ebgpMultiHop: Invalid value: the peer is of our own AS, and sessions within an AS may always"
        " be multi-hop. Remove it.",
    ),
    "multi-hop to our own dynamic AS": (
        ("BGPPeer", {**NOBODY, "dynamicASN": "internal", "ebgpMultiHop": True}),
        "spec.ebgpMultiHop: Invalid value: the peer is of our own AS, and sessions within an AS may always"
        " be multi-hop. Remove it.",
    ),
    "two passwords": (
        ("BGPPeer", {**PEER, "password": "hush", "passwordSecret": {"name": "tor"}}),
        "spec.passwordSecret: Invalid value: spec.password is set as well. Keep one of the two.",
    ),
    "hold time of no duration": (
        ("BGPPeer", {**PEER, "holdTime": "90"}),
        'spec.holdTime: Invalid value: "90": this is no duration.'
        " Write a number and a unit, such as 90s or 1m30s.",
    ),
    "hold time of half a second": (
        ("BGPPeer", {**PEER, "holdTime": "500ms"}),
        'spec.holdTime: Invalid value: "500ms": BGP counts in seconds, and this is less than one.'
        " Write whole seconds, such as 90s.",
    ),
    "hold time that is too short": (
        ("BGPPeer", {**PEER, "holdTime": "2s"}),
        'spec.holdTime: Invalid value: "2s": a Hold Time is 0 or at least 3 s (RFC 4271, section 4.2).'
        " Write 3s or more.",
    ),
    "hold time that is too long": (
        ("BGPPeer", {**PEER, "holdTime": "24h"}),
        'spec.holdTime: Invalid value: "24h": it is over 65535 s. Write a shorter time, such as 90s.',
    ),
    "keepalive time of no duration": (
        ("BGPPeer", {**PEER, "keepaliveTime": "often"}),
        'spec.keepaliveTime: Invalid value: "often": this is no duration.'
        " Write a number and a unit, such as 90s or 1m30s.",
    ),
    "keepalive time beyond the hold time": (
        ("BGPPeer", {**PEER, "holdTime": "9s", "keepaliveTime": "10s"}),
        "spec.keepaliveTime: Invalid value: it is 10s, longer than holdTime, which is 9s."
        " Write a third of it, or remove this.",
    ),
    "connect time of no duration": (
        ("BGPPeer", {**PEER, "connectTime": "10 s"}),
        'spec.connectTime: Invalid value: "10 s": this is no duration.'
        " Write a number and a unit, such as 90s or 1m30s.",
    ),
    "connect time of nothing": (
        ("BGPPeer", {**PEER, "connectTime": "0s"}),
        'spec.connectTime: Invalid value: "0s": it is not a whole number of seconds from 1 to 65535.'
        " Write such as 10s.",
    ),
    "connect time of a fraction": (
        ("BGPPeer", {**PEER, "connectTime": "1.5s"}),
        'spec.connectTime: Invalid value: "1.5s": it is not a whole number of seconds from 1 to 65535.'
        " Write such as 10s.",
    ),
    "v1beta1, multi-hop to our own AS": (
        ("BGPPeer", {**PEER, "peerASN": 64512, "ebgpMultiHop": True}, "v1beta1"),
        "spec.ebgpMultiHop: Invalid value: the peer is of our own AS, and sessions within an AS may always"
        " be multi-hop. Remove it.",
    ),
    "v1beta1, unknown operator": (
        ("BGPPeer", {**PEER, **selecting(operator="=", values=["a"])}, "v1beta1"),
        'spec.nodeSelectors[0].matchExpressions[0].operator: Invalid value: "=": the operator is none of'
        " In, NotIn, Exists and DoesNotExist. Write one of these.",
    ),
}
OWN_WORDS = {
    "unknown operator",
    "community twice",
    "peer of two AS",
    "peer at two places",
    "source of another family",
    "keepalive time beyond the hold time",
    "v1beta1, unknown operator",
}
"""Bad objects of which the API server tells in other words than our parser."""

ODD = {
    "spaces around addresses": ("BGPPeer", {**PEER, "peerAddress": " 192.0.2.1", "routerID": "192.0.2.9\t"}),
    "empty texts": (
        "BGPPeer",
        {**PEER, "sourceAddress": "", "routerID": "", "interface": "", "password": "", "holdTime": ""},
    ),
    "empty address beside an interface": (
        "BGPPeer",
        {"myASN": 64512, "peerASN": 64513, "peerAddress": "", "interface": "eth0"},
    ),
    "AS number 0 beside a dynamic one": ("BGPPeer", {**PEER, "peerASN": 0, "dynamicASN": "internal"}),
    "Secret of no name": ("BGPPeer", {**PEER, "password": "hush", "passwordSecret": {}}),
    "no multi-hop within our AS": ("BGPPeer", {**PEER, "peerASN": 64512, "ebgpMultiHop": False}),
    "neither hold nor keepalive time": ("BGPPeer", {**PEER, "holdTime": "0", "keepaliveTime": "0s"}),
    "the longest times": ("BGPPeer", {**PEER, "holdTime": "65535s", "keepaliveTime": "+18h12m15s"}),
    "times in other units": (
        "BGPPeer",
        {**PEER, "holdTime": ".5h", "keepaliveTime": "1.m", "connectTime": "10000000\u00b5s"},
    ),
    "times that are the same": (
        "BGPPeer",
        {**PEER, "holdTime": "9s", "keepaliveTime": "9000ms", "connectTime": "10.0s"},
    ),
    "communities with zeros": (
        "Community",
        {
            "communities": [
                {"name": "a b", "value": "0000000001:00002"},
                {"name": "c", "value": "large:0:0:0"},
            ]
        },
    ),
    "communities that are bounds": (
        "BGPAdvertisement",
        {"communities": ["65535:65535", "0:0", "large:4294967295:4294967295:4294967295", "lan"]},
    ),
    "whole aggregates of some Services": (
        "BGPAdvertisement",
        {"aggregationLength": 32, "aggregationLengthV6": 128, "serviceSelectors": [{}]},
    ),
    "aggregates and no selectors": ("BGPAdvertisement", {"aggregationLength": 1, "serviceSelectors": []}),
    "empty lists of values": ("L2Advertisement", selecting(operator="Exists", values=[])),
}
"""Objects that our parser takes as they are, each at the edge of a rule."""
