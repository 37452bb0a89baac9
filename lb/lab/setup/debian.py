"""Installing Debian packages so that none of them starts a daemon.

Source: Debian policy 9.3.3 (policy-rc.d: 101 forbids the action), apt-get(8).
"""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lb.lab.errors import LabError
from lb.lab.setup.progress import step

POLICY = Path("/usr/sbin/policy-rc.d")
SAVED = POLICY.with_name("policy-rc.d.before-anvil-lb")
FORBID = "#!/bin/sh\n# anvil-lb is installing packages: none of them shall start a daemon.\nexit 101\n"

# Puts back what was there once nobody holds its input open any more: when we are done, or were killed.
_RESTORE = 'cat >/dev/null; if [ -e "$1" ]; then mv "$1" "$2"; else rm -f "$2"; fi'


def install(packages: Sequence[str]) -> None:
    """Install *packages* from the machine's own Debian sources; raises `LabError` with apt's words."""
    if shutil.which("apt-get") is None:
        raise LabError(f"this is no Debian: install {', '.join(packages)} or their like yourself")
    with no_daemons() as held, step(f"apt-get install {' '.join(packages)}"):
        _apt(["update"], held)
        _apt(["install", "--yes", "--no-install-recommends", *packages], held)


@contextmanager
def no_daemons() -> Iterator[int]:
    """Forbid packages to start daemons; yields a descriptor for apt to hold while it runs."""
    reading, held = os.pipe()
    with subprocess.Popen(
        ["sh", "-c", _RESTORE, "sh", str(SAVED), str(POLICY)], stdin=reading, start_new_session=True
    ):
        os.close(reading)
        try:
            if POLICY.exists():
                shutil.copy2(POLICY, SAVED.with_suffix(".partial"))
                SAVED.with_suffix(".partial").rename(SAVED)
            _write_policy()
            yield held
        finally:
            os.close(held)


def _write_policy() -> None:
    beside = POLICY.with_name("policy-rc.d.anvil-lb")
    beside.write_text(FORBID)
    beside.chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    beside.rename(POLICY)


def _apt(arguments: Sequence[str], held: int) -> None:
    command = ["apt-get", "--quiet", "--quiet", "--option=DPkg::Lock::Timeout=600", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, pass_fds=[held], capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(
            f"{' '.join(command)} ended with {done.returncode}: {(done.stderr or done.stdout).strip()}"
        )
