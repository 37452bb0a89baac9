"""Carry connections from the host's loopback to the API server inside the lab's network namespace.

Runs as a program inside that namespace with a listening socket made outside it, so nothing machine-wide
changes: `relay.py DESCRIPTOR ADDRESS PORT`. It looks at no byte, outlives the API server, and passes on
every end of a connection in both directions. Standard library only, as it is run by path.
"""

import contextlib
import socket
import struct
import sys
import threading

CHUNK = 256 * 1024
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, no time to linger


def carry(near: socket.socket, target: tuple[str, int]) -> None:
    """Join *near* to *target* until both directions have ended."""
    try:
        far = socket.create_connection(target)
    except OSError:
        return reset(near)
    for connection in (near, far):  # what comes in two parts, such as a head and a body, waits for no ACK
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    broken = threading.Event()
    back = threading.Thread(target=pump, args=(far, near, broken))
    back.start()
    pump(near, far, broken)
    back.join()
    for connection in (near, far):
        reset(connection) if broken.is_set() else connection.close()
    return None


def pump(source: socket.socket, sink: socket.socket, broken: threading.Event) -> None:
    """Copy until *source* ends, and end *sink*; if either breaks, say so to the other direction."""
    try:
        while data := source.recv(CHUNK):
            sink.sendall(data)
        if not broken.is_set():
            sink.shutdown(socket.SHUT_WR)
    except OSError:
        broken.set()
        for connection in (source, sink):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)  # sends nothing, and wakes who reads there


def reset(connection: socket.socket) -> None:
    """End *connection* so that the other side sees an error, not an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    connection.close()


def main() -> None:
    """Serve until killed."""
    descriptor, address, port = sys.argv[1:]
    listener = socket.socket(fileno=int(descriptor))
    while True:
        near, _ = listener.accept()
        threading.Thread(target=carry, args=(near, (address, int(port))), daemon=True).start()


if __name__ == "__main__":
    main()
