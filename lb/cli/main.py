"""`lbctl`: what an operator types. Each group of subcommands is a module beside this one.

A group's module has `register(subparsers)`, which adds its parsers and sets `run` on them: a function of
the parsed arguments that returns the exit code. A group whose libraries are not installed is left out.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from lb.cli.ending import to_the_end

GROUPS = ("lb.cli.lab", "lb.cli.image")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `lbctl` with *arguments* (by default the command line's); returns the exit code."""
    root = parser()
    parsed, unknown = root.parse_known_args(arguments)
    if "passed_on" in parsed:  # options that come first are another program's, too
        parsed.passed_on = unknown + parsed.passed_on
    elif unknown:
        root.error(f"unknown: {' '.join(unknown)}")
    return to_the_end("lbctl", lambda: int(parsed.run(parsed)))


def parser() -> argparse.ArgumentParser:
    """The parser of all groups."""
    root = argparse.ArgumentParser(prog="lbctl", description="Look into anvil-lb, and try it in a lab.")
    subparsers = root.add_subparsers(required=True, metavar="COMMAND")
    for group in GROUPS:
        try:
            module = importlib.import_module(group)
        except ModuleNotFoundError as error:
            print(f"lbctl: without {group}: {error}", file=sys.stderr)
            continue
        module.register(subparsers)
    return root
