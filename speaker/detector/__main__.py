"""`python3 -m speaker.detector LINK CONTROL`: started by the speaker, with two sockets that it hands down."""

import gc
import signal
import socket
import sys

from speaker.detector.process import Process
from speaker.layer2.sockets import DatagramLink


def main(link: int, control: int) -> None:
    """Run until the speaker is gone; what ends the speaker in good order is not for us."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    gc.freeze()  # what is there now stays: collecting it again and again would only delay heartbeats
    Process(DatagramLink.adopt(link), socket.socket(fileno=control)).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
