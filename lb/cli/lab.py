"""`lbctl lab`: a Kubernetes to try things in, started and removed by one command each.

It only turns words into calls of `lb.lab` and answers into text.
"""

import argparse
import os
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from lb.lab import record
from lb.lab.errors import LabError
from lb.lab.lab import Lab
from lb.lab.setup import parts

Run = Callable[[argparse.Namespace], int]


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `lab` and its commands; each sets `run`, which takes the parsed arguments."""
    lab = subparsers.add_parser("lab", help="a real Kubernetes in network namespaces, without Docker")
    commands = lab.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, about: str, run: Run, *arguments: str, named: bool = True) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, help=about, description=about)
        if named:
            parser.add_argument("--name", default="lab", help="which lab (default: lab)")
        for argument in arguments:
            parser.add_argument(argument, metavar=argument.upper())
        parser.set_defaults(run=run)
        return parser

    add("setup", "get everything that a lab is made of onto this machine", _setup, named=False)
    add("up", "start a lab that stays until `down`", _up).add_argument(
        "--nodes", type=int, default=3, help="how many nodes; 0: a control plane only (default: 3)"
    )
    add("down", "remove a lab", _down)
    add("status", "what the lab is and how its nodes are", _status)
    add("list", "the labs of this machine", _list, named=False)
    add("kubectl", "run kubectl on the lab", _kubectl).add_argument(
        "passed_on", nargs=argparse.REMAINDER, metavar="..."
    )
    add("kubeconfig", "print where the administrator's kubeconfig is", _kubeconfig)
    add("shell", "a shell on a node, or in the client's network", _shell, "host")
    add("load", "bring an image (OCI layout as a tar) to every node", _load, "image")
    add("fetch", "fetch a URL from a client on the nodes' segment", _fetch, "url")
    add("cut", "cut a node's power: no further frame, its disk stays", _cut, "node")
    add("boot", "switch a node on again and wait until it is Ready", _boot, "node")
    add("clean", "remove what killed runs left behind", _clean, named=False)


def _lab(arguments: argparse.Namespace) -> Lab:
    return Lab.find(arguments.name)


def _setup(arguments: argparse.Namespace) -> int:
    parts.setup()
    print("everything that a lab is made of is there")
    return 0


def _up(arguments: argparse.Namespace) -> int:
    lab = Lab.up(arguments.name, nodes=arguments.nodes)
    lab.keep()
    option = "" if lab.name == "lab" else f" --name {lab.name}"
    print(f"Try:  lbctl lab kubectl{option} get nodes\nEnd:  lbctl lab down{option}")
    return 0


def _down(arguments: argparse.Namespace) -> int:
    _lab(arguments).down()
    return 0


def _status(arguments: argparse.Namespace) -> int:
    lab = _lab(arguments)
    print(f"lab {lab.name}, kubeconfig {lab.kubeconfig}")
    for name in lab.node_names:
        node = lab.node(name)
        print(f"  {name}  {node.address.v4}  {node.address.v6}  {node.mac}  {'on' if node.on else 'off'}")
    print(lab.kubectl("get", "nodes,pods", "--all-namespaces", "--output=wide", timeout=10), end="")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    for plan in sorted(record.everything(), key=lambda plan: plan.name):
        owner = (
            f"belongs to process {plan.owner.pid} ({plan.owner.name})" if plan.owner else "stays until `down`"
        )
        print(f"{plan.name}  {len(plan.nodes)} nodes, {owner}")
    return 0


def _kubectl(arguments: argparse.Namespace) -> int:
    lab = _lab(arguments)
    os.execvpe("kubectl", ["kubectl", *arguments.passed_on], lab.environment)


def _kubeconfig(arguments: argparse.Namespace) -> int:
    print(_lab(arguments).kubeconfig)
    return 0


def _shell(arguments: argparse.Namespace) -> int:
    command = _lab(arguments).command(arguments.host, [os.environ.get("SHELL", "/bin/sh")])
    os.execvp(command[0], command)


def _load(arguments: argparse.Namespace) -> int:
    _lab(arguments).load(Path(arguments.image))
    return 0


def _fetch(arguments: argparse.Namespace) -> int:
    try:
        response = _lab(arguments).client().fetch(arguments.url)
    except OSError as error:
        raise LabError(f"no answer from {arguments.url}: {error}") from error
    print(response.body, end="" if response.body.endswith("\n") else "\n")
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise LabError(f"{arguments.url} answered {response.status}")
    return 0


def _cut(arguments: argparse.Namespace) -> int:
    _lab(arguments).cut(arguments.node)
    return 0


def _boot(arguments: argparse.Namespace) -> int:
    _lab(arguments).boot(arguments.node)
    return 0


def _clean(arguments: argparse.Namespace) -> int:
    for name in record.remove_leftovers():
        print(f"removed lab {name}")
    return 0
