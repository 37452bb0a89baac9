"""The keys by which speakers know each other, and the proof that a datagram's sender has one (RFC 2104).

Keys change without a gap. A new one is taken from its first moment on, and used towards those who have told
that they have it; the one before serves the others for a while, and is then forgotten.
"""

import hmac
from collections.abc import Iterator
from hashlib import sha256

MAC_LENGTH = 32
KEPT = 60.0
"""Seconds for which a key is taken after its successor came."""


class Keyring:
    """*key*, and those that were before it."""

    def __init__(self, key: bytes) -> None:
        self._present = key
        self._earlier: dict[bytes, float] = {}

    @property
    def newest(self) -> int:
        """The present key's mark, which tells nothing of the key itself."""
        return _mark(self._present)

    def renew(self, key: bytes, now: float) -> None:
        """*key* takes the present one's place."""
        if key != self._present:
            self._earlier = {self._present: now + KEPT, **self._earlier}
            self._earlier.pop(key, None)
            self._present = key

    def expire(self, now: float) -> None:
        """Forget the keys whose time is over."""
        self._earlier = {key: until for key, until in self._earlier.items() if now < until}

    def seal(self, body: bytes, newest: int | None = None) -> bytes:
        """*body* with the proof, for one whose newest key has the mark *newest*; None: not known."""
        key = self._for(newest)
        return body + hmac.digest(key, body, sha256)

    def _for(self, newest: int | None) -> bytes:
        if not self._earlier:
            return self._present
        return next((key for key in self._earlier if _mark(key) == newest), self._present)

    def open(self, datagram: bytes) -> bytes | None:
        """The body of *datagram*; None where no key of ours proves it."""
        body, mac = datagram[:-MAC_LENGTH], datagram[-MAC_LENGTH:]
        proved = any(hmac.compare_digest(mac, hmac.digest(key, body, sha256)) for key in self._taken())
        return body if proved else None

    def _taken(self) -> Iterator[bytes]:
        yield self._present
        yield from self._earlier


def _mark(key: bytes) -> int:
    return int.from_bytes(hmac.digest(key, b"which key this is", sha256)[:7])
