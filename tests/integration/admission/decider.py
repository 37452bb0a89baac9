"""Admission alone, with a decider that says what an object's annotations tell it to say.

`python -m tests.integration.admission.decider KUBECONFIG NAMESPACE [FOLDER]`: until a signal; with FOLDER its
keys are mounted there.
"""

import sys

from controller.admission.admission import serve_admission
from controller.settings import WebhookSettings
from lb.cluster.client import Client
from lb.cluster.credentials import load
from lb.cluster.errors import ApiError
from lb.config.admission import Answer
from lb.observe.lifetime import run_process, until_signalled
from lb.observe.logs import log_as_json


def decide(change):
    annotations = (change.new or change.old).metadata.annotations
    deny = "deny" if change.new else "deny-deletion"
    return Answer(
        denials=tuple(filter(None, annotations.get(deny, "").split("|"))),
        warnings=tuple(filter(None, annotations.get("warn", "").split("|"))),
    )


async def main(kubeconfig, namespace, folder=None):
    settings = WebhookSettings(mounted=folder)
    async with Client(await load(kubeconfig), "decider") as client:
        await until_signalled(serve_admission(settings, namespace, client, decide))


if __name__ == "__main__":
    log_as_json("info")
    run_process("decider", main(*sys.argv[1:]), ApiError)
