"""Makes etcd forget what was: who watches from an old version has to list again."""

import subprocess
import sys

from lb.lab.lab import Lab

COMPACT = """
import json, sys, urllib.request
def ask(path, **body):
    request = urllib.request.Request("http://127.0.0.1:2379/v3/kv/" + path, json.dumps(body).encode())
    return json.load(urllib.request.urlopen(request, timeout=10))
revision = ask("range", key="AA==")["header"]["revision"]
ask("compaction", revision=revision, physical=True)
"""


def compact(lab: Lab) -> None:
    """Compact etcd up to now. The API server remembers more until it starts anew."""
    command = lab.api_server.machine.command([sys.executable, "-c", COMPACT])
    subprocess.run(command, check=True, timeout=30)
