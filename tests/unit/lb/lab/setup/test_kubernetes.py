import pytest

from lb.lab.errors import LabError
from lb.lab.setup import kubernetes
from lb.lab.setup.golang import MODULE


def test_the_version_is_read_from_go_mod():
    assert kubernetes.version("require (\n\tk8s.io/kubectl v0.0.0\n\tk8s.io/kubernetes v1.37.2\n)\n") == (
        1,
        37,
        2,
    )


def test_a_go_mod_without_kubernetes_is_an_error():
    with pytest.raises(LabError, match=r"no version of k8s\.io/kubernetes"):
        kubernetes.version("module x\n")


def test_nodes_report_the_version_that_is_linked_in():
    (ldflags,) = [flag for flag in kubernetes.flags((1, 37, 2)) if flag.startswith("-ldflags=")]
    assert "-X k8s.io/component-base/version.gitVersion=v1.37.2" in ldflags
    assert "-X k8s.io/component-base/version.gitMinor=37" in ldflags


def test_every_program_wanted_has_a_name_in_the_one_that_is_built():
    source = (MODULE / "main.go").read_text()
    for wanted in kubernetes.wanted():
        assert f'"{wanted.name}":' in source


def test_another_minor_version_does_not_stand_in():
    (kubelet,) = [wanted for wanted in kubernetes.wanted() if wanted.name == "kubelet"]
    major, minor, _ = kubernetes.version((MODULE / "go.mod").read_text())
    assert kubelet.fits((major, minor, 99))
    assert not kubelet.fits((major, minor - 1, 0))
