"""The image's first layer: Debian 12's Python 3.11 and the libraries that it and the wheels load.

No shell and no package manager. The machine's apt says which versions are current and checks their
signatures, so a rebuild after `apt-get update` takes Debian's security fixes in. The packages are
unpacked, never configured: no script of theirs runs.
"""

import shlex
import shutil
import subprocess
from pathlib import Path

from lb.lab.errors import LabError
from lb.lab.image import bytecode
from lb.lab.setup import cache

PACKAGES = (
    "base-files",  # /etc/os-release, the licenses that the copyright files point to, /tmp
    "netbase",  # /etc/protocols and /etc/services, which scapy reads
    "python3.11-minimal",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "libc6",
    "libgcc-s1",
    "libstdc++6",  # C++ in wheels
    "libssl3",
    "zlib1g",
    "libexpat1",
    "libffi8",
    "libbz2-1.0",
    "liblzma5",
    "libuuid1",
    "libsqlite3-0",  # pyroute2 imports sqlite3
)
UNUSED = (
    "usr/lib/*/gconv",  # iconv; Python has its own codecs
    "usr/lib/python3.11/pydoc_data",
    "usr/lib/python3.11/test",
    "usr/lib/python3.11/turtle.py",
    "usr/share/gcc",
    "usr/share/gdb",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/man",
)
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    # Without it glibc asks the DNS before /etc/hosts.
    "etc/nsswitch.conf": "hosts: files dns\n",
}


class UnavailableError(LabError):
    """The packages cannot be had with what apt knows now; after `update` they may."""


def current() -> list[str]:
    """What apt would fetch now: a line of file name, size and checksum per package, sorted."""
    if not shutil.which("apt-get"):
        raise LabError("the image is made of Debian's packages, and there is no apt-get: use the Dockerfile")
    lines = _apt("--print-uris").splitlines()
    return sorted(" ".join(shlex.split(line)[1:]) for line in lines)


def update() -> None:
    """Let apt fetch its lists. Whether that was of use shows when packages are asked for again."""
    subprocess.run(["apt-get", "update", "-qq"], check=False)


def fill(tree: Path) -> None:
    """Put the layer's files below *tree*."""
    debs = tree.parent / "debs"
    debs.mkdir()
    _apt(cwd=debs)
    for deb in sorted(debs.iterdir()):
        subprocess.run(["dpkg-deb", "--extract", deb, tree], check=True)
        _record(deb, tree)
    shutil.rmtree(debs)
    _trim(tree)
    for name, text in FILES.items():
        (tree / name).write_text(text)
    (tree / "usr/bin/python3").symlink_to("python3.11")
    bytecode.compile_below(tree, "usr/lib/python3.11", tree)


def _apt(*options: str, cwd: Path | None = None) -> str:
    # Debian's Docker image keeps no pkgcache; without one apt parses all its lists each time (0.7 s).
    index = cache.directory() / "image-pkgcache.bin"
    command = ["apt-get", "download", "-qq", "-o", f"Dir::Cache::pkgcache={index}"]
    # The _apt user may not write below a private cache.
    command += ["-o", "APT::Sandbox::User=root", *options, *PACKAGES]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(
            f"apt-get cannot get Debian 12's Python 3.11: {done.stderr.strip()}\n"
            "On another system, use the Dockerfile."
        )
    return done.stdout


def _record(deb: Path, tree: Path) -> None:
    """Say which package is inside, where scanners of images without dpkg look for it."""
    control = subprocess.run(["dpkg-deb", "--field", deb], capture_output=True, check=True).stdout
    record = tree / "var/lib/dpkg/status.d" / deb.name.split("_")[0]
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_bytes(control)


def _trim(tree: Path) -> None:
    for pattern in UNUSED:
        for path in tree.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (tree / "usr/share/doc").rglob("*"):
        if not path.is_dir() and path.name != "copyright":
            path.unlink()
