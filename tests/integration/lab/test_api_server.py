"""The API server through the relay: as an operator's kubectl and as a controller's connections see it."""

import http.client
import socket
import ssl
from contextlib import closing
from urllib.parse import urlsplit

import pytest
import yaml

from lb.lab.api import Api
from lb.lab.errors import LabError


def port(lab):
    config = yaml.safe_load(lab.kubeconfig.read_text())
    return urlsplit(config["clusters"][0]["cluster"]["server"]).port


def trusting():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def test_kubectl_works_from_the_hosts_network_namespace(control_plane):
    control_plane.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: note}\ndata: {said: hello}\n")
    assert control_plane.kubectl("get", "configmap", "note", "--output=jsonpath={.data.said}") == "hello"
    control_plane.kubectl("delete", "configmap", "note")


def test_all_objects_of_a_kind_go_by_one_request(control_plane):
    control_plane.kubectl("create", "namespace", "many")
    for name in ("a", "b"):
        control_plane.kubectl("create", "secret", "generic", name, "-n", "many")
    api, secrets = Api(control_plane.kubeconfig), "/api/v1/namespaces/many/secrets"
    assert len(api.get(secrets)["items"]) == 2
    api.delete(secrets)
    assert api.get(secrets)["items"] == []
    with pytest.raises(OSError, match=r"^DELETE /api/v1/namespaces/many/secrets/absent: 404 "):
        api.delete(f"{secrets}/absent")
    control_plane.kubectl("delete", "namespace", "many", "--wait=false")


def test_what_kubectl_says_is_in_the_error(control_plane):
    with pytest.raises(LabError, match=r'kubectl get pod absent ended with 1: .*"absent" not found'):
        control_plane.kubectl("get", "pod", "absent")


def test_an_anonymous_caller_is_turned_away(control_plane):
    connection = http.client.HTTPSConnection("127.0.0.1", port(control_plane), context=trusting())
    with closing(connection):
        connection.request("GET", "/api/v1/namespaces")
        assert connection.getresponse().status == http.HTTPStatus.UNAUTHORIZED
    assert Api(control_plane.kubeconfig).get("/api/v1/namespaces/default")["kind"] == "Namespace"


def test_a_stopped_api_server_breaks_connections_and_answers_nobody_until_it_starts(control_plane):
    address = ("127.0.0.1", port(control_plane))
    with trusting().wrap_socket(socket.create_connection(address, timeout=20)) as held:
        control_plane.api_server.stop()
        try:
            assert held.recv(1) == b""
            with pytest.raises(ConnectionError):
                Api(control_plane.kubeconfig).get("/api/v1/namespaces")
        finally:
            control_plane.api_server.start()
    assert Api(control_plane.kubeconfig).ready()
