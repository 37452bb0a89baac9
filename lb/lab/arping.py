"""Asks a segment by ARP who has an address, and hears every answer: more than one is a fault to be seen."""

import socket
import time

from scapy.layers.l2 import ARP, Ether

from lb.lab.client import Client
from lb.lab.segment import INTERFACE

EVERYBODY = "ff:ff:ff:ff:ff:ff"
ETH_P_ARP = 0x0806
REPLY = 2
LISTEN = 0.3  # seconds; an answer on a segment takes less than a millisecond, on a busy machine 50


def arping(client: Client, address: str, listen: float = LISTEN) -> list[str]:
    """The MAC addresses that answer within *listen* seconds when *client* asks who has *address*."""
    ours = client.mac
    request = Ether(src=ours, dst=EVERYBODY) / ARP(
        op="who-has", hwsrc=ours, psrc=str(client.address.v4), pdst=address
    )
    with client.inside():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ARP))
    with sock:
        sock.bind((INTERFACE, ETH_P_ARP))
        sock.send(bytes(request))
        return [
            reply.hwsrc
            for reply in _received(sock, until=time.monotonic() + listen)
            if reply.op == REPLY and reply.psrc == address and reply.hwdst == ours
        ]


def _received(sock: socket.socket, until: float) -> list[ARP]:
    frames = []
    while (left := until - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            frames.append(Ether(sock.recv(128))[ARP])
        except TimeoutError:
            break
    return frames
