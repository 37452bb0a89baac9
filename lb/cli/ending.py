"""How a command ends: in an exit code, and in words for a person instead of a traceback."""

import signal
import subprocess
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from lb.lab.errors import LabError

INTERRUPTED = 130


def to_the_end(name: str, work: Callable[[], int]) -> int:
    """The exit code of *work*; 1 where the world failed it, 130 where Ctrl-C or SIGTERM ended it.

    SIGTERM is heard as Ctrl-C, so that *work* cleans up either way. *name* begins each line that is told.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return work()
    except KeyboardInterrupt:
        print(f"\n{name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except (LabError, OSError, subprocess.SubprocessError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
