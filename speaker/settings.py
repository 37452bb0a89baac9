"""The speaker's flags and environment, under MetalLB's names. An unknown flag is refused."""

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from msgspec import Struct

from lb.observe.logs import LEVELS

REFRESH_INTERVAL = 60
"""Five times within the 300 s after which a switch forgets a silent address (IEEE 802.1D)."""
MOST_SECONDS = 86_400


class Settings(Struct, frozen=True):
    """How this speaker runs. An empty `load_balancer_class` is the cluster's default one.

    Without `pod_uid` the process owns no objects.
    """

    namespace: str
    node_name: str
    bind_address: str
    bind_port: int
    health_port: int
    load_balancer_class: str | None
    log_level: str
    kubeconfig: str | None
    pod_name: str = ""
    pod_uid: str = ""
    heartbeat_interval: float = 0.05
    heartbeat_timeout: float = 0.35
    ignores_exclusion: bool = False
    is_sticky: bool = True
    gratuitous_arp_interval: int = REFRESH_INTERVAL
    probes: bool = True


def read_settings(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the command line, then the environment. SystemExit(2) if they are wrong."""
    parser = argparse.ArgumentParser(
        prog="speaker", description="Announces external addresses from one node."
    )

    def add(flag: str, variable: str | None, text: str, default: str | None = None) -> None:
        found = environment.get(variable) if variable else None
        named = f"{text} [${variable}]" if variable else text
        parser.add_argument(
            flag, default=found or default, help=named, required=not (found or default is not None)
        )

    add("--namespace", "METALLB_NAMESPACE", "namespace of the custom resources")
    add("--node-name", "METALLB_NODE_NAME", "node that this speaker runs on")
    add("--pod-name", "METALLB_POD_NAME", "name of the own pod", "")
    add("--pod-uid", "METALLB_POD_UID", "uid of the own pod, which owns what is to go with it", "")
    add("--ml-bindaddr", "METALLB_ML_BIND_ADDR", "address for heartbeats between speakers")
    add("--ml-bindport", "METALLB_ML_BIND_PORT", "UDP port for heartbeats between speakers", "7946")
    add("--heartbeat-interval", None, "seconds between two heartbeats, from 0.01 to 1", "0.05")
    text = "seconds without a heartbeat after which others are asked for its speaker, from 3 intervals to 30"
    add("--heartbeat-timeout", None, text, "0.35")
    add(
        "--gratuitous-arp-interval",
        "METALLB_GRATUITOUS_ARP_INTERVAL",
        "seconds after which each address is made known again by ARP or NDP; 0: never",
        str(REFRESH_INTERVAL),
    )
    add("--health-probe-port", None, "TCP port on 127.0.0.1 for health and metrics", "17472")
    add("--lb-class", None, "serve only Services of this loadBalancerClass", "")
    add("--kubeconfig", None, "kubeconfig file; in a pod, its service account is used", "")
    parser.add_argument("--log-level", default="info", choices=list(LEVELS))
    switch: Mapping[str, Any] = {"nargs": "?", "const": True, "type": _switch, "metavar": "{true,false}"}
    text = "announce also from nodes that are excluded from load balancing by their label"
    parser.add_argument("--ignore-exclude-lb", default=False, help=text, **switch)
    text = "let an address stay where it is when a node returns that ranks before; the default"
    parser.add_argument("--sticky", default=True, help=text, **switch)
    text = "probe an address that no speaker serves before it is announced; the default"
    parser.add_argument("--probe-addresses", default=True, help=text, **switch)
    read = parser.parse_args(arguments)
    interval = _decimal(parser, "--heartbeat-interval", read.heartbeat_interval, 0.01, 1.0)
    timeout = _decimal(parser, "--heartbeat-timeout", read.heartbeat_timeout, 3 * interval, 30.0)
    return Settings(
        namespace=read.namespace,
        node_name=read.node_name,
        bind_address=_address(parser, "--ml-bindaddr", read.ml_bindaddr),
        bind_port=_port(parser, "--ml-bindport", read.ml_bindport),
        health_port=_port(parser, "--health-probe-port", read.health_probe_port),
        load_balancer_class=read.lb_class or None,
        log_level=read.log_level,
        kubeconfig=read.kubeconfig or None,
        pod_name=read.pod_name,
        pod_uid=read.pod_uid,
        heartbeat_interval=interval,
        heartbeat_timeout=timeout,
        ignores_exclusion=read.ignore_exclude_lb,
        is_sticky=read.sticky,
        gratuitous_arp_interval=_seconds(parser, "--gratuitous-arp-interval", read.gratuitous_arp_interval),
        probes=read.probe_addresses,
    )


def _switch(text: str) -> bool:
    """As Go reads a switch: `--name`, `--name=true` and `--name=false`."""
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text == "true"


def _address(parser: argparse.ArgumentParser, flag: str, text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        parser.error(f"argument {flag}: {text!r} is no IP address; give the node's InternalIP")


def _port(parser: argparse.ArgumentParser, flag: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        parser.error(f"argument {flag}: {text!r} is no port; give a number from 1 to 65535")
    return int(text)


def _decimal(parser: argparse.ArgumentParser, flag: str, text: str, least: float, most: float) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII) or not least <= float(text) <= most:
        parser.error(f"argument {flag}: {text!r} is no number of seconds from {least:g} to {most:g}")
    return float(text)


def _seconds(parser: argparse.ArgumentParser, flag: str, text: str) -> int:
    if not text.isdecimal() or not text.isascii() or int(text) > MOST_SECONDS:
        parser.error(f"argument {flag}: {text!r} is no number of seconds from 0 to {MOST_SECONDS}")
    return int(text)
