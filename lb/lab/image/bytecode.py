"""Compile a tree with the image's own interpreter: its root is read-only when it runs.

Unchecked hash-based .pyc files (PEP 552) hold no time. The interpreter is started through its own
dynamic loader, so neither root's rights nor a fitting Python on this machine are needed. One process
in sorted order with a fixed hash seed: marshal's bytes depend on what the process did before.
"""

import subprocess
from pathlib import Path


def compile_below(tree: Path, folder: str, root: Path) -> None:
    """Write the .pyc files of *tree*/*folder*, to run as /*folder*, with the Python unpacked at *root*."""
    subprocess.run(
        [
            *_interpreter(root),
            *("-S", "-s", "-P", "-m", "compileall", "-q"),
            *("--invalidation-mode", "unchecked-hash"),
            *("-s", str(tree), "-p", "/", str(tree / folder)),
        ],
        env={"PYTHONHOME": str(root / "usr"), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )


def _interpreter(root: Path) -> list[str]:
    [multiarch] = (root / "lib").glob("*-linux-gnu")
    [loader] = multiarch.glob("ld-linux-*.so.*")
    libraries = f"{multiarch}:{root / 'usr/lib' / multiarch.name}"
    return [str(loader), "--library-path", libraries, str(root / "usr/bin/python3.11")]
