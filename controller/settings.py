"""The controller's flags and environment, under MetalLB's names. An unknown flag is refused."""

import argparse
import os
from collections.abc import Mapping, Sequence

from msgspec import Struct

from lb.observe.logs import LEVELS


class Settings(Struct, frozen=True):
    """How this controller runs. `load_balancer_class` None is the cluster's default one."""

    namespace: str
    pod_name: str
    secret_name: str
    health_port: int
    load_balancer_class: str | None
    log_level: str
    kubeconfig: str | None


def read_settings(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the command line, then the environment. SystemExit(2) if they are wrong."""
    parser = argparse.ArgumentParser(prog="controller", description="Gives Services external addresses.")
    namespace = environment.get("METALLB_NAMESPACE")
    parser.add_argument(
        "--namespace",
        default=namespace,
        required=not namespace,
        help="namespace of the custom resources [$METALLB_NAMESPACE]",
    )
    parser.add_argument(
        "--pod-name",
        default=environment.get("METALLB_POD_NAME", "controller"),
        help="name under which events are told [$METALLB_POD_NAME]",
    )
    parser.add_argument(
        "--ml-secret-name",
        default=environment.get("METALLB_ML_SECRET_NAME", "memberlist"),
        help="Secret by which speakers know each other; made if absent [$METALLB_ML_SECRET_NAME]",
    )
    parser.add_argument(
        "--health-probe-port", type=int, default=17472, help="TCP port for health and metrics"
    )
    parser.add_argument("--lb-class", default="", help="serve only Services of this loadBalancerClass")
    parser.add_argument("--kubeconfig", default="", help="file; in a pod, its service account is used")
    parser.add_argument("--log-level", default="info", choices=list(LEVELS))
    read = parser.parse_args(arguments)
    return Settings(
        namespace=read.namespace,
        pod_name=read.pod_name,
        secret_name=read.ml_secret_name,
        health_port=read.health_probe_port,
        load_balancer_class=read.lb_class or None,
        log_level=read.log_level,
        kubeconfig=read.kubeconfig or None,
    )
