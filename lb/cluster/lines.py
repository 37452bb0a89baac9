"""A stream of bytes as lines: a watch carries one JSON object a line, of any length that etcd can hold."""

LONGEST = 16 * 1024 * 1024
"""Bytes; etcd holds objects of 1.5 MiB, so a longer line is not the API server's."""


class Lines:
    """Joins what comes in pieces. An unfinished last line is never given out: its connection was cut."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that *chunk* completes, without ends and none empty. ValueError if one is too long."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > self._longest:
            raise ValueError(f"a line of more than {self._longest} bytes")
        return [line for line in lines if line]
