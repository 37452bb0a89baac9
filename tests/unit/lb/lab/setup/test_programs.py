import pytest

from lb.lab.setup import programs
from lb.lab.setup.programs import Wanted, at_least, of_minor


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Kubernetes v1.37.2\n", (1, 37, 2)),
        ("Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0\n", (1, 32, 4)),
        ("etcd Version: 3.7.0\nGit SHA: abc\n", (3, 7, 0)),
        ("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3\n", (1, 6, 20)),
        ("runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1\n", (1, 1, 5)),
        ("nftables v1.0.6 (Lester Gooch #5)\n", (1, 0, 6)),
        ("go version go1.26.8 linux/amd64\n", (1, 26, 8)),
        ("something v2.1\n", (2, 1, 0)),
        ("usage: something\n", None),
    ],
)
def test_the_version_is_read_from_what_each_program_says(said, version):
    assert programs.version(said) == version


def test_at_least_takes_the_version_itself_and_newer_ones():
    fits = at_least(1, 6)
    assert [fits(version) for version in ((1, 5, 9), (1, 6, 0), (1, 10, 0), (2, 0, 0))] == [
        False,
        True,
        True,
        True,
    ]


def test_of_minor_takes_any_patch_and_no_other_minor():
    fits = of_minor(1, 37)
    assert [fits(version) for version in ((1, 36, 9), (1, 37, 0), (1, 37, 9), (1, 38, 0))] == [
        False,
        True,
        True,
        False,
    ]


def test_assets_come_before_the_path_and_the_path_before_the_systems_folders():
    found = programs.folders({"KUBEBUILDER_ASSETS": "/assets", "PATH": "/a:/b"})
    assert found[:3] == ["/assets", "/a", "/b"]
    assert "/usr/lib/cni" in found[3:]


def test_a_program_is_found_only_in_a_version_that_fits(tmp_path, monkeypatch):
    program = tmp_path / "thing"
    program.write_text("#!/bin/sh\necho thing v1.2.3\n")
    program.chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    assert programs.find(Wanted("thing", ("--version",), at_least(1, 2))) == program
    assert programs.find(Wanted("thing", ("--version",), at_least(1, 3))) is None
    assert programs.find(Wanted("another-thing")) is None
