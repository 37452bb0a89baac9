"""Writes the CustomResourceDefinitions in manifests/ from lb/api, or checks that both say the same."""

import argparse
import sys
from pathlib import Path

import yaml

from lb.api.custom_resource import GROUP
from lb.api.kinds import KINDS
from lb.api.schema import custom_resource_definition

FOLDER = Path("manifests/crds")
HEAD = "# Generated from lb/api by `make generate`; edit there.\n"


class Dumper(yaml.SafeDumper):
    """Writes a value that stands in several places out in each."""

    def ignore_aliases(self, data: object) -> bool:
        """Whether *data* is to have no name."""
        return True


def generated() -> dict[Path, str]:
    """The text of each generated file."""
    return {
        FOLDER / f"{GROUP}_{kind.plural}.yaml": HEAD
        + yaml.dump(
            custom_resource_definition(kind), Dumper=Dumper, sort_keys=False, width=100, allow_unicode=True
        )
        for kind in KINDS
    }


def main() -> int:
    """Write the files; with --check, only say which differ, and exit with 1 if any does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")
    check = parser.parse_args().check
    texts = generated()
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    if check:
        for path in stale:
            print(f"{path} is not what lb/api says. Run `make generate`.", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(texts[path])
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
