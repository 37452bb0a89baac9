"""Logs of a process: one JSON object a line, in MetalLB's fields, so that people's queries go on working.

Code logs through the standard library; `extra={...}` becomes fields. It refuses to know what is logged.
"""

import logging
import sys
from datetime import UTC, datetime
from typing import Final, TextIO

import msgspec

LEVELS: Final = {
    "all": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "none": logging.CRITICAL + 1,
}
"""The values of `--log-level`, MetalLB's. `all` differs from `debug` in showing libraries' details too."""

_LIBRARIES = ("asyncio", "aiohttp", "kubernetes", "scapy", "pyroute2")
_OF_EACH_RECORD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LEVEL_NAMES: Final = {"WARNING": "warn", "CRITICAL": "error"}


class JsonFormatter(logging.Formatter):
    """A record as one line; a traceback goes into the field `trace`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        fields = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": _LEVEL_NAMES.get(record.levelname, record.levelname.lower()),
            "caller": f"{record.name}:{record.lineno}",
            "msg": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info and record.exc_info[0]:
            fields["error"] = repr(record.exc_info[1])
            fields["trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields, enc_hook=str).decode()


def log_as_json(level: str = "info", stream: TextIO = sys.stderr) -> None:
    """Let the whole process log to *stream*, from *level* (a key of LEVELS) on. ValueError names them."""
    if level not in LEVELS:
        raise ValueError(f"log level {level!r} is unknown. Use one of {', '.join(LEVELS)}.")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=LEVELS[level], handlers=[handler], force=True)
    logging.captureWarnings(True)
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(LEVELS[level] if level == "all" else logging.WARNING)


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _OF_EACH_RECORD}
