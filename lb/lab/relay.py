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


def reset(connection: socket.socket) -> None:
    """End *connection* so that the other side sees an error, not an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    connection.close()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy until *source* ends, and end *sink* the same way."""
    while data := source.recv(CHUNK):
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)


def carry(near: socket.socket, target: tuple[str, int]) -> None:
    """Join *near* to *target* until both directions have ended."""
    try:
        far = socket.create_connection(target)
    except OSError:
        return reset(near)
    for connection in (near, far):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    back = threading.Thread(target=_pump_or_break, args=(far, near))
    back.start()
    _pump_or_break(near, far)
    back.join()
    near.close()
    far.close()
    return None


def _pump_or_break(source: socket.socket, sink: socket.socket) -> None:
    try:
        pump(source, sink)
    except OSError:
        for connection in (source, sink):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            _shut(connection)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads the other direction


def main() -> None:
    """Serve until killed."""
    descriptor, address, port = sys.argv[1:]
    listener = socket.socket(fileno=int(descriptor))
    while True:
        near, _ = listener.accept()
        threading.Thread(target=carry, args=(near, (address, int(port))), daemon=True).start()


if __name__ == "__main__":
    main()
