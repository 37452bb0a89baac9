"""`lbctl image`: make the OCI image of this clone. It knows no cluster; `lbctl lab load` brings it to one."""

import argparse
import shutil
from pathlib import Path

from lb.lab.image import build, digest, unpack


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `image build` and `image unpack`; each sets `run`, which takes the parsed arguments."""
    parser = subparsers.add_parser("image", help="build the image of the controller and the speaker")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    to_tar = commands.add_parser("build", help="write the image as an OCI layout in a tar")
    to_tar.add_argument("--output", type=Path, default=Path("build/anvil-lb.tar"), metavar="FILE")
    to_tar.set_defaults(run=_build)
    to_folder = commands.add_parser("unpack", help="write the image's file system into a folder")
    to_folder.add_argument("folder", type=Path)
    to_folder.set_defaults(run=_unpack)


def _build(arguments: argparse.Namespace) -> int:
    image, output = build(), arguments.output
    output.parent.mkdir(parents=True, exist_ok=True)
    beside = output.with_name(f".{output.name}.partial")
    try:
        shutil.copyfile(image, beside)
        beside.rename(output)
    finally:  # a disk that is full is not to stay so
        beside.unlink(missing_ok=True)
    print(f"{output}  {digest(image)}")
    return 0


def _unpack(arguments: argparse.Namespace) -> int:
    unpack(arguments.folder)
    return 0
