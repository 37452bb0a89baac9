"""The image as a whole: built twice, from two clones, loaded by containerd, its Python started inside."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lb.lab import image
from lb.lab.image import source
from lb.lab.setup.cache import directory

LIBRARIES = (
    "aiohttp",
    "cryptography.x509",
    "exabgp",
    "kubernetes.aio.client",
    "kubernetes.aio.config",
    "msgspec",
    "prometheus_client",
    "pyroute2",
    "scapy.layers.inet6",
    "scapy.layers.l2",
    "yaml",
)


class Clone:
    """A copy of what the image is made from, with a builder of its own."""

    def __init__(self, folder: Path, origin: Path, cache: Path | None = None, umask: int = 0o022) -> None:
        self.folder, self.umask = folder, umask
        # What pip downloaded once it need not download again: the builder keeps the result apart.
        self.environment = dict(
            os.environ, PYTHONPATH=str(folder), PIP_CACHE_DIR=str(directory().parent / "pip")
        )
        if cache:
            self.environment["XDG_CACHE_HOME"] = str(cache)
        for name in (*source.PACKAGES, "requirements"):
            shutil.copytree(origin / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(origin / "pyproject.toml", folder)

    def build(self) -> tuple[list[str], list[str]]:
        """What the builder said, and the digests: of the image, then of its layers."""
        output = self.folder / "image.tar"
        command = [sys.executable, "-m", "lb.cli", "image", "build", "--output", output]
        said = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            umask=self.umask,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return said.stdout.splitlines()[:-1], [image.digest(output), *layers(output)]


def layers(tar: Path) -> list[str]:
    with tarfile.open(tar) as archive:
        docker = json.load(archive.extractfile("manifest.json"))
    return docker[0]["Layers"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("clone"), source.CLONE)


@pytest.fixture(scope="module")
def root(clone: Clone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's file system."""
    root = tmp_path_factory.mktemp("inside") / "root"
    command = [sys.executable, "-m", "lb.cli", "image", "unpack", root]
    subprocess.run(command, cwd=clone.folder, env=clone.environment, check=True)
    return root


def test_another_clone_with_an_empty_cache_and_another_umask_gives_the_same_digest(
    clone: Clone, tmp_path: Path
):
    _, expected = clone.build()
    other = Clone(tmp_path / "other", clone.folder, cache=tmp_path / "cache", umask=0o077)
    said, digests = other.build()
    assert [line.split(":")[0] for line in said] == [
        "the image's Python",
        "the image's wheels",
        "packing localhost/anvil-lb",
    ]
    assert digests == expected


def test_an_unchanged_clone_repeats_no_work(clone: Clone):
    before = clone.build()[1]
    assert clone.build() == ([], before)


def test_an_output_that_cannot_be_written_leaves_nothing_beside_it(clone: Clone, tmp_path: Path):
    (tmp_path / "taken").mkdir()
    command = [sys.executable, "-m", "lb.cli", "image", "build", "--output", tmp_path / "taken"]
    assert subprocess.run(command, cwd=clone.folder, env=clone.environment).returncode == 1
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


def test_apt_without_lists_gets_them_first(clone: Clone, tmp_path: Path):
    """As on a fresh machine; the lists of this one stay as they are."""
    (tmp_path / "lists").mkdir()
    (tmp_path / "apt.conf").write_text(f'Dir::State::lists "{tmp_path}/lists";\n')
    other = Clone(tmp_path / "other", clone.folder)
    other.environment["APT_CONFIG"] = str(tmp_path / "apt.conf")
    said, [_, *digests] = other.build()
    assert said[0] == "the image's Python: apt's lists are out of date, apt-get update"
    assert len(digests) == 3


def test_a_change_of_our_code_changes_its_layer_only(clone: Clone, tmp_path: Path):
    _, [before, *layers_before] = clone.build()
    other = Clone(tmp_path / "other", clone.folder)
    (other.folder / "controller" / "new.py").write_text('"""New."""\n')
    _, [after, *layers_after] = other.build()
    assert after != before
    assert layers_after[:2] == layers_before[:2]
    assert layers_after[2] != layers_before[2]


def run_inside(root: Path, program: str, *, user: int) -> str:
    """Run *program* in the image's Python, its root read-only as in a Pod; return what it printed."""
    entrypoint = f"exec chroot --userspec={user}:{user} {root} /usr/bin/python3 -W error -c"
    script = f'mount --bind {root} {root} && mount -o remount,bind,ro {root} && {entrypoint} "$1"'
    command = ["unshare", "--mount", "sh", "-ec", script, "sh", program]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("user", [0, 65534], ids=["speaker's user", "controller's user"])
def test_what_the_processes_import_loads_from_a_read_only_root(root: Path, user: int):
    program = (
        f"import importlib, sys\nfor name in {LIBRARIES}: importlib.import_module(name)\nprint(sys.version)"
    )
    assert run_inside(root, program, user=user).startswith("3.11.")


def test_each_of_our_modules_loads_inside(root: Path, clone: Clone):
    """What `wheels` and `debian` leave out is missed by none of them."""
    files = sorted(path for package in source.PACKAGES for path in (clone.folder / package).rglob("*.py"))
    modules = [".".join(path.relative_to(clone.folder).with_suffix("").parts) for path in files]
    ours = [name for name in modules if not name.startswith(("lb.lab", "lb.cli")) and "__main__" not in name]
    program = f"import importlib\nfor name in {ours}: importlib.import_module(name)\nprint(len({ours}))"
    assert run_inside(root, program, user=0) == f"{len(ours)}\n"


def test_everything_inside_is_compiled_already(root: Path):
    program = """
import importlib.util, pathlib
site = pathlib.Path("/usr/local/lib/python3.11/dist-packages")
print([str(path) for path in site.rglob("*.py")
       if not pathlib.Path(importlib.util.cache_from_source(str(path))).exists()])
"""
    assert run_inside(root, program, user=0) == "[]\n"


def test_there_is_no_shell_inside(root: Path):
    assert sorted(path.name for path in (root / "usr/bin").iterdir()) == ["python3", "python3.11"]
    assert [path for name in ("bin", "sbin", "usr/sbin") for path in (root / name).iterdir()] == []


@pytest.fixture
def containerd(tmp_path: Path) -> Iterator[Path]:
    """A containerd of our own; yields its socket."""
    socket, settings = tmp_path / "containerd.sock", tmp_path / "config.toml"
    settings.write_text(
        f'version = 2\nroot = "{tmp_path}/data"\nstate = "{tmp_path}/run"\n'
        'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
        f'[grpc]\naddress = "{socket}"\n'
    )
    with open(tmp_path / "log", "w") as log:
        # A killed test run takes it along.
        command = ["setpriv", "--pdeathsig", "KILL", "containerd", "--config", settings]
        daemon = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield socket
    finally:
        daemon.terminate()
        daemon.wait()


def ctr(socket: Path, *arguments: str | Path) -> str:
    # --connect-timeout waits for the daemon's socket.
    command = ["ctr", "--connect-timeout", "30s", "--address", socket, "--namespace", "k8s.io", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_containerd_imports_and_unpacks_it_under_its_name(containerd: Path, clone: Clone):
    _, [digest, *_] = clone.build()
    ctr(containerd, "images", "import", clone.folder / "image.tar")
    [line] = ctr(containerd, "images", "check", f"name=={image.name(source.version())}").splitlines()[1:]
    name, _, listed, status, *_, unpacked = line.split()
    assert (name, listed, status, unpacked) == ("localhost/anvil-lb:0.1.0", digest, "complete", "true")
