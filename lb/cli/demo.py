"""The main job of anvil-lb, done and told as it happens: `make demo`.

Each line that it prints is something that was observed, not planned. It ends with 0 only if every step
really happened, and leaves nothing behind however it ends.
"""

import os
import sys
import time
from textwrap import fill

from lb.cli.ending import to_the_end
from lb.cli.trial import Trial
from lb.lab.errors import LabError
from lb.lab.lab import Lab
from lb.lab.pulse import EVERY, pulse

NAME = f"demo-{os.getpid()}"  # so that two may run side by side
SETTLED = 1.0  # seconds of fetching before the power cut
AFTER = 4.0  # seconds of fetching from the power cut on


WIDTH, INDENT = 100, 21  # columns of a line, and where its continuation starts


class Story:
    """Tells what happens, with the seconds since it began."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def tell(self, text: str) -> None:
        """One thing that happened."""
        clock = f"{time.monotonic() - self._began:5.1f} s  "
        print(fill(text, WIDTH, initial_indent=clock, subsequent_indent=" " * INDENT), flush=True)

    def step(self, text: str) -> None:
        """A step of the lab, which tells the time itself."""
        print(text, flush=True)

    def chapter(self, text: str) -> None:
        """What comes next."""
        print(f"\n== {text}", flush=True)


def demonstrate(story: Story) -> None:
    """The whole job. Raises LabError where a step did not happen."""
    story.chapter("A Kubernetes of three nodes, in network namespaces of this machine")
    with Lab.up(NAME, nodes=3, say=story.step) as lab:
        trial = Trial(lab, story.tell)
        story.chapter("Install anvil-lb, as an operator does")
        trial.install()
        story.chapter("A pool of addresses, a web server, and a Service of type LoadBalancer")
        trial.apply_samples("pool", "l2advertisement", "web")
        trial.kubectl("rollout", "status", "deployment/web", "--timeout=60s", timeout=70)
        trial.apply_samples("service")
        address = trial.address("web")
        story.tell(f"allocated   {address}: {_last(trial.events('web', 'IPAllocated'))}")
        node = trial.announcer(address)
        story.tell(f"announced   {address} is at {lab.node(node).address.mac}, which is {node}")
        story.tell(f"why         {trial.why('web', node)}")
        page = trial.fetch(f"http://{address}/")
        story.tell(f"fetched     http://{address}/ from a client on the same segment: {page.strip()!r}")
        _cut(story, trial, address, node)
        story.chapter("Tear down")
    story.tell("everything is removed")


def _cut(story: Story, trial: Trial, address: str, node: str) -> None:
    story.chapter(f"The power cut: {node} goes, without a goodbye")
    url = f"http://{address}/"
    with pulse(trial.lab.client(), url) as fetches:
        story.tell(f"the client fetches {url} every {EVERY * 1000:.0f} ms")
        time.sleep(SETTLED)
        cut = time.monotonic()
        trial.lab.cut(node)
        story.tell(f"{node} is dead")
        successor = trial.announcer(address)
        story.tell(f"successor   {successor} answers for {address} now")
        time.sleep(max(0.0, cut + AFTER - time.monotonic()))
    if successor == node:
        raise LabError(f"{node} has no power and still answers for {address}")
    after = [fetch for fetch in fetches.answered if fetch.started > cut]
    if not after:
        raise LabError(f"nothing was answered within {AFTER} s after the power cut of {node}")
    story.tell(f"why         {trial.why('web', successor)}")
    story.tell(f"fetched     {after[-1].page.strip()!r}")
    story.tell(f"measured    {fetches.longest_silence(cut):.2f} s without an answer")


def _last(messages: list[str]) -> str:
    if not messages:
        raise LabError("the Service has an address, but no event tells of it")
    return messages[-1]


def main() -> int:
    """Tell the story; 0 if it came to its end."""

    def whole() -> int:
        demonstrate(Story())
        return 0

    return to_the_end("demo", whole)


if __name__ == "__main__":
    sys.exit(main())
