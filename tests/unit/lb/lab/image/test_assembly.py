"""What the Dockerfile and the builder say of the same image must agree: here no Docker can compare them."""

import json
import re
import shlex
import subprocess
import sys
from fnmatch import fnmatch

from lb.lab.image import assembly, source

DOCKERFILE = source.CLONE / "Dockerfile"


def instructions() -> list[tuple[str, str]]:
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def last(word: str) -> str:
    return [rest for name, rest in instructions() if name == word][-1]


def test_the_dockerfile_sets_what_the_builder_sets():
    settings = assembly.CONFIG["config"]
    assert json.loads(last("ENTRYPOINT")) == settings["Entrypoint"]
    assert shlex.split(last("ENV")) == settings["Env"]
    assert last("WORKDIR") == settings["WorkingDir"]
    assert dict(pair.split("=", 1) for pair in shlex.split(last("LABEL"))) == settings["Labels"]


def test_the_dockerfile_s_command_is_lbctl_s_and_needs_the_standard_library_only():
    """Its first stage has no wheels: -S keeps this machine's out."""
    python, *arguments, folder = shlex.split(last("RUN"))[1:]
    assert (python, last("COPY")) == ("python3", f"--from=build {folder} /")
    command = [sys.executable, "-S", *arguments, "--help"]
    told = subprocess.run(command, cwd=source.CLONE, capture_output=True, text=True, check=False)
    assert (told.returncode, "lbctl image unpack" in told.stdout) == (0, True), told.stderr


def test_the_dockerfile_copies_what_the_builder_reads_and_dockerignore_lets_it_pass():
    copied = {rest.split()[0] for name, rest in instructions() if name == "COPY" and "--from" not in rest}
    needed = {*source.PACKAGES, "pyproject.toml", str(assembly.LOCK.relative_to(source.CLONE))}
    passes = [
        line[1:] for line in (source.CLONE / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    ]
    assert copied == needed
    assert [name for name in copied if not any(fnmatch(name, pattern) for pattern in passes)] == []
