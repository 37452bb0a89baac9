"""The relay alone, between a client and a server on the loopback."""

import socket
import subprocess
import sys
import threading

import pytest

from lb.lab import relay


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        yield listener


@pytest.fixture
def through(server):
    """Where the relay to *server* listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor, target = str(listener.fileno()), str(server.getsockname()[1])
        program = [sys.executable, "-IS", relay.__file__, descriptor, "127.0.0.1", target]
        with subprocess.Popen(program, pass_fds=[listener.fileno()]) as running:
            yield listener.getsockname()
            running.kill()


def joined(server, through):
    near = socket.create_connection(through, timeout=20)
    far, _ = server.accept()
    far.settimeout(20)
    return near, far


def test_bytes_pass_both_ways_in_order(server, through):
    near, far = joined(server, through)
    sent = bytes(range(256)) * 20_000
    with near, far:
        sender = threading.Thread(target=near.sendall, args=(sent,))
        sender.start()
        with far.makefile("rb") as stream:
            assert stream.read(len(sent)) == sent
        sender.join()
        far.sendall(b"answer")
        assert near.recv(6) == b"answer"


def test_the_end_of_one_direction_leaves_the_other_open(server, through):
    near, far = joined(server, through)
    with near, far:
        near.shutdown(socket.SHUT_WR)
        assert far.recv(1) == b""
        far.sendall(b"late answer")
        far.close()
        with near.makefile("rb") as stream:
            assert stream.read() == b"late answer"


def test_a_broken_connection_breaks_its_other_side(server, through):
    near, far = joined(server, through)
    with near, far:
        relay.reset(far)
        with pytest.raises(ConnectionError):
            near.recv(1)


def test_a_server_that_is_away_breaks_the_connection_and_one_that_returns_gets_the_next(server, through):
    address = server.getsockname()
    server.close()
    with socket.create_connection(through, timeout=20) as near, pytest.raises(ConnectionError):
        near.recv(1)
    with socket.create_server(address) as returned:
        returned.settimeout(20)
        near, far = joined(returned, through)
        with near, far:
            near.sendall(b"x")
            assert far.recv(1) == b"x"
