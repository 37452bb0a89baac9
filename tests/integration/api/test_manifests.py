"""The installation, as kubectl's kustomize makes it."""

import os

import yaml

from lb.cli.trial import MANIFESTS

ELSEWHERE = "load-balancer"


def test_an_overlay_moves_all_of_it_to_another_namespace(control_plane, tmp_path):
    overlay = {"namespace": ELSEWHERE, "resources": [os.path.relpath(MANIFESTS, tmp_path)]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))

    made = list(yaml.safe_load_all(control_plane.kubectl("kustomize", str(tmp_path))))

    assert set(namespaces(made)) == {ELSEWHERE}


def namespaces(part):
    """Each value of a field `namespace`, however deep, and the names of Namespaces."""
    if isinstance(part, list):
        for each in part:
            yield from namespaces(each)
    if isinstance(part, dict):
        if part.get("kind") == "Namespace":
            yield part["metadata"]["name"]
        for field, value in part.items():
            yield from [value] if field == "namespace" and isinstance(value, str) else namespaces(value)
