"""Writes the CustomResourceDefinitions in manifests/ from lb/api, or checks that both say the same."""

import argparse
import sys
from pathlib import Path

import yaml

from lb.api import ip_address_pool, l2_advertisement
from lb.api.custom_resource import GROUP
from lb.api.ip_address_pool import IPAddressPoolSpec, IPAddressPoolStatus
from lb.api.l2_advertisement import L2AdvertisementSpec, L2AdvertisementStatus
from lb.api.schema import custom_resource_definition

FOLDER = Path("manifests/crds")
HEAD = "# Generated from lb/api by `make generate`; edit there.\n"


def generated() -> dict[Path, str]:
    """The text of each generated file."""
    definitions = (
        custom_resource_definition(kind.KIND, kind.PLURAL, kind.VERSION, spec, status, kind.COLUMNS)
        for kind, spec, status in (
            (ip_address_pool, IPAddressPoolSpec, IPAddressPoolStatus),
            (l2_advertisement, L2AdvertisementSpec, L2AdvertisementStatus),
        )
    )
    return {
        FOLDER / f"{GROUP}_{each['spec']['names']['plural']}.yaml": HEAD
        + yaml.safe_dump(each, sort_keys=False, width=100)
        for each in definitions
    }


def main() -> int:
    """Write the files; with --check, only say which differ, and exit with 1 if any does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")
    check = parser.parse_args().check
    stale = [path for path, text in generated().items() if not path.exists() or path.read_text() != text]
    if check:
        for path in stale:
            print(f"{path} is not what lb/api says. Run `make generate`.", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(generated()[path])
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
