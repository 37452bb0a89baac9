"""The controller's flags and environment, under MetalLB's names. An unknown flag is refused."""

import argparse
import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from controller.admission.tls import Tls, read_tls
from lb.cluster.leadership import Timing
from lb.observe.logs import LEVELS


class WebhookMode(StrEnum):
    """Which of its two tasks, allocation and admission, the process has."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    ONLY = "onlywebhook"


class OnConflict(StrEnum):
    """What is done about an address that a stranger uses."""

    REPORT = "report"
    QUARANTINE = "quarantine"


class WebhookSettings(Struct, frozen=True):
    """How webhooks are served. `mounted` is a folder with keys that others make; None: we make them."""

    mode: WebhookMode = WebhookMode.ENABLED
    port: int = 9443
    service: str = "metallb-webhook-service"
    secret: str = "metallb-webhook-cert"
    mounted: str | None = None
    tls: Tls = Tls()


class Settings(Struct, frozen=True):
    """How this controller runs. `load_balancer_class` None is the cluster's default one.

    Without `pod_uid` the process owns no objects.
    """

    namespace: str
    pod_name: str
    secret_name: str
    health_port: int
    load_balancer_class: str | None
    shares_freely: bool
    log_level: str
    kubeconfig: str | None
    webhook: WebhookSettings = WebhookSettings()
    pod_uid: str = ""
    timing: Timing = Timing()
    on_conflict: OnConflict = OnConflict.REPORT

    @property
    def identity(self) -> str:
        """What the process is elected by: as was its predecessor in the same pod, and nobody else."""
        return f"{self.pod_name}_{self.pod_uid}" if self.pod_uid else self.pod_name


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
        help="name under which events are told, and its own among several controllers [$METALLB_POD_NAME]",
    )
    parser.add_argument(
        "--pod-uid",
        default=environment.get("METALLB_POD_UID", ""),
        help="uid of the own pod, which owns what is to go with it [$METALLB_POD_UID]",
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
    parser.add_argument(
        "--share-across-namespaces",
        **_SWITCH,
        help="as in MetalLB, a sharing key counts in all namespaces, without the consent of both Services",
    )
    parser.add_argument(
        "--on-conflict",
        default=OnConflict.REPORT,
        choices=[each.value for each in OnConflict],
        help="report an address that another host uses, or set it aside, so that its Services get others",
    )
    parser.add_argument("--kubeconfig", default="", help="file; in a pod, its service account is used")
    parser.add_argument("--log-level", default="info", choices=list(LEVELS))
    _add_timing_flags(parser)
    _add_webhook_flags(parser)
    read = parser.parse_args(arguments)
    return Settings(
        namespace=read.namespace,
        pod_name=read.pod_name,
        pod_uid=read.pod_uid,
        secret_name=read.ml_secret_name,
        health_port=read.health_probe_port,
        load_balancer_class=read.lb_class or None,
        shares_freely=read.share_across_namespaces,
        log_level=read.log_level,
        kubeconfig=read.kubeconfig or None,
        webhook=_webhook_settings(parser, read),
        timing=_timing(parser, read),
        on_conflict=OnConflict(read.on_conflict),
    )


def _add_timing_flags(parser: argparse.ArgumentParser) -> None:
    ours = Timing()
    for flag, default, text in (
        ("--lease-duration", ours.lease_duration, "after which a leader that is silent is given up"),
        ("--renew-deadline", ours.renew_deadline, "after which a leader that cannot renew gives up"),
        ("--retry-period", ours.retry_period, "between a leader's renewals"),
    ):
        parser.add_argument(flag, type=float, default=default, help=f"seconds {text} [{default:g}]")


def _timing(parser: argparse.ArgumentParser, read: argparse.Namespace) -> Timing:
    try:
        return Timing(read.lease_duration, read.renew_deadline, read.retry_period)
    except ValueError as wrong:
        parser.error(str(wrong))


def _add_webhook_flags(parser: argparse.ArgumentParser) -> None:
    ours = WebhookSettings()
    parser.add_argument("--webhook-mode", default=ours.mode, choices=[each.value for each in WebhookMode])
    parser.add_argument("--webhook-port", type=int, default=ours.port, help="TCP port for webhooks")
    parser.add_argument("--webhook-secret", default=ours.secret, help="Secret of their keys; made if absent")
    parser.add_argument(
        "--cert-service-name", default=ours.service, help="Service by which the API server calls them"
    )
    parser.add_argument(
        "--disable-cert-rotation",
        **_SWITCH,
        help="make no keys and write no caBundle; serve with those mounted in --cert-dir",
    )
    parser.add_argument("--cert-dir", default="/tmp/k8s-webhook-server/serving-certs")
    parser.add_argument("--tls-min-version", default="", help="VersionTLS12 or VersionTLS13 [VersionTLS13]")
    parser.add_argument("--tls-cipher-suites", default="", help="of TLS 1.2, by Go's names, with commas")
    parser.add_argument("--tls-curve-preferences", default="", help="one curve, by its number in TLS")
    parser.add_argument("--webhook-http2", **_SWITCH, help="without effect: the API server asks by HTTP/1.1")


def _webhook_settings(parser: argparse.ArgumentParser, read: argparse.Namespace) -> WebhookSettings:
    try:
        tls = read_tls(read.tls_min_version, read.tls_cipher_suites, read.tls_curve_preferences)
    except ValueError as wrong:
        parser.error(str(wrong))
    return WebhookSettings(
        mode=WebhookMode(read.webhook_mode),
        port=read.webhook_port,
        service=read.cert_service_name,
        secret=read.webhook_secret,
        mounted=read.cert_dir if read.disable_cert_rotation else None,
        tls=tls,
    )


def _switch(text: str) -> bool:
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text == "true"


_SWITCH: Mapping[str, Any] = {"nargs": "?", "const": True, "default": False, "type": _switch}
"""As Go reads a switch: `--name`, `--name=true` and `--name=false`."""
