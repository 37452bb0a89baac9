import gc
import socket
import struct

import pytest

from lb.lab import kubeconfig
from lb.lab.api import Api
from lb.lab.pki import Authority

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def test_no_socket_is_left_by_a_server_that_hangs_up_before_the_handshake(tmp_path):
    authority = Authority("lab")
    file = tmp_path / "kubeconfig"
    file.write_text(
        kubeconfig.render(
            "https://localhost:1", authority.pair.certificate, "admin", authority.client("admin")
        )
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        theirs.close()
        with pytest.raises(ConnectionResetError):
            Api(file)._tls.wrap_socket(ours, server_hostname="localhost")
    gc.collect()  # a socket that nobody closed says so here, and fails this test
