"""A link of datagrams whose other end a test holds; frames sent are kept in the pair's buffer."""


class PairLink:
    """On *end*, one of a pair of non-blocking datagram sockets."""

    def __init__(self, end):
        self._end = end
        self.closed = False

    def fileno(self):
        return self._end.fileno()

    def receive(self):
        try:
            return self._end.recv(100)
        except BlockingIOError:
            return None

    def send(self, frame):
        self._end.send(frame)

    def close(self):
        self.closed = True
        self._end.close()
