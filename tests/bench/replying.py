"""A server that answers one small question on each connection, or in each datagram, and does nothing else."""

import socket
import sys
import threading
from contextlib import suppress

LONGEST = 1.0
"""Seconds that a client may take with its question."""


def by_connection(listening):
    # It is not woken before the question is there, so that no client waits for another.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
    while True:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.settimeout(LONGEST)
            connection.sendall(connection.recv(64))


def by_datagram(sock):
    while True:
        sock.sendto(*sock.recvfrom(64))


def main(port):
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("", int(port)))
    listening = socket.create_server(("", int(port)), backlog=1024)
    with datagrams, listening:
        threading.Thread(target=by_datagram, args=(datagrams,), daemon=True).start()
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        by_connection(listening)


if __name__ == "__main__":
    main(sys.argv[1])
