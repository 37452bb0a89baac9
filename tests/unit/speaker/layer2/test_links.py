"""What netlink's messages about links are taken for; the messages are bytes as the kernel sends them."""

import struct

from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from speaker.layer2.links import ARPHRD_ETHER, _changes
from speaker.layer2.protocol.interface import WhyNot, why_not

RTM_NEWLINK = 16
IFLA_ADDRESS, IFLA_IFNAME, IFLA_WIRELESS = 1, 3, 11
ARPHRD_INFINIBAND = 32
UP, BROADCAST, RUNNING = 0x1, 0x2, 0x40
MAC = bytes.fromhex("020000000001")


def attribute(kind, data):
    length = 4 + len(data)
    return struct.pack("=HH", length, kind) + data + bytes(-length % 4)


def newlink(*attributes, kind=ARPHRD_ETHER):
    """The message about interface 7 with *attributes*, which is up and has a carrier."""
    body = struct.pack("=BxHiII", 0, kind, 7, UP | BROADCAST | RUNNING, 0) + b"".join(attributes)
    data = struct.pack("=IHHII", 16 + len(body), RTM_NEWLINK, 0, 0, 0) + body
    (message,) = MarshalRtnl().parse(data)
    return message


NAME = attribute(IFLA_IFNAME, b"wlan0\0")


def test_what_a_wireless_driver_tells_of_itself_changes_nothing():
    interfaces = {}
    assert _changes(interfaces, newlink(attribute(IFLA_ADDRESS, MAC), NAME))
    known = dict(interfaces)
    assert known[7].mac == MAC
    assert not _changes(interfaces, newlink(NAME, attribute(IFLA_WIRELESS, bytes(12))))
    assert interfaces == known


def test_an_interface_that_is_no_ethernet_has_no_hardware_address_that_we_could_use():
    interfaces = {}
    _changes(interfaces, newlink(attribute(IFLA_ADDRESS, bytes(range(20))), NAME, kind=ARPHRD_INFINIBAND))
    assert why_not(interfaces[7]) is WhyNot.NO_ARP
