import base64

import yaml

from lb.lab import kubeconfig
from lb.lab.pki import Pair


def test_everything_that_a_client_needs_is_inside():
    config = yaml.safe_load(kubeconfig.render("https://x:1", b"authority", "admin", Pair(b"cert", b"key")))
    (context,) = config["contexts"]
    assert context["name"] == config["current-context"]
    (cluster,) = [entry for entry in config["clusters"] if entry["name"] == context["context"]["cluster"]]
    (user,) = [entry for entry in config["users"] if entry["name"] == context["context"]["user"]]
    assert cluster["cluster"] == {
        "server": "https://x:1",
        "certificate-authority-data": encoded(b"authority"),
    }
    assert user["user"] == {"client-certificate-data": encoded(b"cert"), "client-key-data": encoded(b"key")}


def encoded(data):
    return base64.b64encode(data).decode()
