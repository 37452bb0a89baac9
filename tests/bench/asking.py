"""A client that asks something small every so often, each time anew, in one thread of its own.

It is told the address, the port, `tcp` (a connection for each request) or `udp` (a datagram), and the
seconds from one request to the next. On its standard output it writes of each request when it began and
when the answer was there, by the machine's monotonic clock in seconds, as soon as that is so; in place of the
latter nan where there was none within PATIENCE, or -1 where it was refused. It ends once its standard input
is closed and nothing is under way any more.
"""

import os
import select
import socket
import struct
import sys
import time
from contextlib import suppress

PATIENCE = 0.5
REQUEST = struct.Struct("dd")
QUESTION = b"?"
REFUSED, SILENT = -1.0, float("nan")
BEFORE = 0.0002
"""Seconds before a request is due in which nothing else is waited for."""
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


class Asker:
    """Asks *server*, an address and a port."""

    def __init__(self, server, kind):
        self._server = server
        self._kind = kind
        self._poll = select.epoll()
        self._under_way = {}
        """By descriptor, the oldest first: the socket, and when the request began."""

    def begin(self):
        sock = socket.socket(socket.AF_INET, self._kind)
        sock.setblocking(False)
        self._under_way[sock.fileno()] = sock, time.monotonic()
        self._poll.register(sock, select.EPOLLOUT)
        with suppress(BlockingIOError):
            sock.connect(self._server)

    def go_on_until(self, due):
        while (left := due - time.monotonic()) > BEFORE:
            ready, _, _ = select.select([self._poll], [], [], left)
            for fd, event in self._poll.poll(0) if ready else ():
                self._advance(fd, event)
        self._give_up(due - PATIENCE)

    def _advance(self, fd, event):
        sock, _ = self._under_way[fd]
        try:
            if event & select.EPOLLOUT:
                sock.send(QUESTION)
                self._poll.modify(fd, select.EPOLLIN)
            else:
                self._end(fd, time.monotonic() if sock.recv(64) else REFUSED)
        except OSError:
            self._end(fd, REFUSED)

    def _give_up(self, oldest):
        for fd, (_, began) in list(self._under_way.items()):
            if began > oldest:
                return
            self._end(fd, SILENT)

    def _end(self, fd, ended):
        sock, began = self._under_way.pop(fd)
        sock.close()
        os.write(sys.stdout.fileno(), REQUEST.pack(began, ended))


def main(host, port, kind, every):
    asker, every = Asker((host, int(port)), KINDS[kind]), float(every)
    due = time.monotonic()
    while not select.select([sys.stdin], [], [], 0)[0]:
        asker.begin()
        due += every
        asker.go_on_until(due)
    asker.go_on_until(due + PATIENCE)


if __name__ == "__main__":
    main(*sys.argv[1:])
