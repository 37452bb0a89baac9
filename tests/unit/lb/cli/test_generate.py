import subprocess
import sys

import pytest
import yaml

from lb.cli.generate import generated


@pytest.fixture
def run(tmp_path):
    """What the generator does in an empty folder: its exit code, what it told, and of what it complained."""

    def command(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "lb.cli.generate", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()

    return command


def test_all_files_are_written_and_then_are_as_they_should_be(run, tmp_path):
    names = [
        "metallb.io_bfdprofiles.yaml",
        "metallb.io_bgpadvertisements.yaml",
        "metallb.io_bgppeers.yaml",
        "metallb.io_communities.yaml",
        "metallb.io_configurationstates.yaml",
        "metallb.io_ipaddresspools.yaml",
        "metallb.io_l2advertisements.yaml",
        "metallb.io_servicebgpstatuses.yaml",
        "metallb.io_servicel2statuses.yaml",
    ]
    code, told, complained = run()
    assert (code, sorted(told), complained) == (0, [f"wrote manifests/crds/{name}" for name in names], [])
    assert sorted(path.name for path in (tmp_path / "manifests/crds").iterdir()) == names
    assert run("--check") == (0, [], [])
    assert run() == (0, [], [])


def test_a_file_that_differs_or_is_missing_is_named_and_left_alone(run, tmp_path):
    run()
    edited = tmp_path / "manifests/crds/metallb.io_communities.yaml"
    edited.write_text("mine")
    (tmp_path / "manifests/crds/metallb.io_bgppeers.yaml").unlink()
    code, told, complained = run("--check")
    assert (code, told) == (1, [])
    assert complained == [
        "manifests/crds/metallb.io_bgppeers.yaml is not what lb/api says. Run `make generate`.",
        "manifests/crds/metallb.io_communities.yaml is not what lb/api says. Run `make generate`.",
    ]
    assert edited.read_text() == "mine"


def test_a_file_is_one_definition_in_which_all_is_written_out():
    for path, text in generated().items():
        assert "&id" not in text
        definition = yaml.safe_load(text)
        assert path.name == "metallb.io_{plural}.yaml".format(**definition["spec"]["names"])
