"""Failure detectors joined by a seeded network in virtual time: it loses, repeats, delays and so reorders.

A machine may be killed, restarted, or asleep: then its timers are late, and its datagrams wait as far as a
socket's buffer takes them, as in a process that gets no CPU. The time that the machines themselves take is
measured.
"""

import heapq
import random
from itertools import count
from time import thread_time

from speaker.layer2.protocol.membership import Datagram, Membership
from speaker.layer2.protocol.peer import State
from speaker.layer2.protocol.timing import DEFAULT

KEY = b"k" * 32
QUEUED = 250
"""Datagrams of a heartbeat's size in a socket's buffer of 208 KiB."""


def names(size):
    return tuple(f"n{number}" for number in range(1, size + 1))


def address(name):
    return (f"10.0.{int(name[1:]) // 250}.{int(name[1:]) % 250}", 7946)


class Network:
    """The speakers *names*, started together at 0 unless told otherwise.

    *lost(sender, receiver)* says of each datagram whether it is; *delay(sender, receiver, chance)* how many
    seconds it is under way, by a random number below 1; *repeated* is the chance of a second copy.
    """

    def __init__(
        self,
        names,
        seed=0,
        *,
        lost=lambda sender, receiver: False,
        delay=lambda sender, receiver, chance: 0.0001 + 0.05 * chance,
        repeated=0.0,
        start=True,
        timing=DEFAULT,
    ):
        self.now = 0.0
        self.names = names
        self.lost = lost
        self.delay = delay
        self.timing = timing
        self.speakers = {}
        self.changes = []
        """(time, observer, members) at each change of an observer's members; None: it was killed."""
        self.recorded = []
        """(receiver, datagram) of the datagrams that were sent, while `records`."""
        self.records = False
        self.outcomes = []
        """(time, receiver, outcome), while `records`."""
        self.sent = dict.fromkeys(names, 0)
        self.sent_bytes = 0
        self.seconds = 0.0
        """What the machines took of CPU time, while `measures`."""
        self.measures = False
        self._addresses = {name: address(name) for name in names}
        self._names = {where: name for name, where in self._addresses.items()}
        self._random = random.Random(seed)
        self._repeated = repeated
        self._serial = count()
        self._events = []
        self._timers = {}
        self._asleep = {}
        self._members = {}
        self._incarnations = (number << 20 for number in count(1000))
        for name in names if start else ():
            self.start(name)

    def start(self, name, peers=None, key=KEY, incarnation=None, ready=True):
        number = next(self._incarnations) if incarnation is None else incarnation
        speaker = Membership(name, key, number, self.now, self.timing)
        self.speakers[name] = speaker
        speaker.set_peers({each: self._addresses[each] for each in peers or self.names})
        if ready:
            speaker.set_ready(True, self.now)
        self.settle(name)

    def kill(self, name):
        del self.speakers[name]
        self._timers.pop(name)
        self._members.pop(name, None)
        self._asleep.pop(name, None)
        self.changes.append((self.now, name, None))

    def call(self, name, function):
        """What *function* returns for the speaker *name*; what it has to send goes out."""
        began = thread_time() if self.measures else 0.0
        result = function(self.speakers[name])
        self.seconds += thread_time() - began if self.measures else 0.0
        self.settle(name)
        return result

    def leave(self, name):
        self.call(name, lambda speaker: speaker.leave(self.now))

    def sleep(self, name, seconds):
        self._asleep[name] = (self.now + seconds, [])
        self._arm(name, self.now + seconds)

    def inject(self, receiver, datagram):
        """Somebody else sends *datagram*; what *receiver* makes of it."""
        return self._deliver(receiver, datagram)

    def run(self, until):
        while self._events and self._events[0][0] <= until:
            at, serial, name, datagram = heapq.heappop(self._events)
            if datagram is None and self._timers.get(name) != serial:
                continue  # another timer took its place
            self.now = max(self.now, at)
            if name in self._asleep:
                self._wake_or_queue(name, datagram)
            elif datagram is None:
                self.call(name, lambda speaker: speaker.handle_timer(self.now))
                assert self.speakers[name].next_timer() > self.now
            else:
                self._deliver(name, datagram)
        self.now = until

    def _wake_or_queue(self, name, datagram):
        end, queue = self._asleep[name]
        if datagram is not None:
            queue.extend([datagram] if len(queue) < QUEUED else [])
            return
        assert self.now >= end
        del self._asleep[name]
        for waited in queue:  # a loop reads its sockets before it looks at its timers
            self._deliver(name, waited)
        self.settle(name)

    def _deliver(self, name, datagram):
        if name not in self.speakers:
            return None
        outcome = self.call(name, lambda speaker: speaker.receive_frame(datagram, self.now))
        if self.records:
            self.outcomes.append((self.now, name, outcome))
        return outcome

    def settle(self, name):
        out = list(self.speakers[name].frames_to_send(self.now))
        due = self.speakers[name].next_timer()
        for datagram in out:
            self._carry(name, self._names.get(datagram.peer), datagram)
        if name not in self._asleep:
            self._arm(name, max(self.now, due))
        members = self.speakers[name].members
        if members is not self._members.get(name, frozenset()):
            self._members[name] = members
            self.changes.append((self.now, name, members))

    def _carry(self, sender, receiver, datagram):
        sent = Datagram(self._addresses[sender], datagram.payload)
        self.sent[sender] += 1
        self.sent_bytes += len(datagram.payload)
        if self.records:
            self.recorded.append((receiver, sent))
        if receiver is None or self.lost(sender, receiver):
            return
        for _ in range(1 + (self._random.random() < self._repeated)):
            at = self.now + self.delay(sender, receiver, self._random.random())
            heapq.heappush(self._events, (at, next(self._serial), receiver, sent))

    def _arm(self, name, at):
        self._timers[name] = serial = next(self._serial)
        heapq.heappush(self._events, (at, serial, name, None))

    def members(self, name):
        return self.speakers[name].members

    def all_agree_on(self, names):
        return all(speaker.members == frozenset(names) for speaker in self.speakers.values())

    def losses(self, since=0.0):
        """(time, observer, other) each time *observer* counts *other* no more, its first sight apart."""
        before, found = {}, []
        for at, observer, members in self.changes:
            gone = before.get(observer, frozenset()) - members if members is not None else ()
            before[observer] = members or frozenset()
            found += [(at, observer, other) for other in sorted(gone) if at >= since]
        return found

    def state(self, observer, other):
        return self.speakers[observer].states().get(other, State.DEAD)


def cut(*links):
    """Loses all that is sent on *links*, pairs of sender and receiver."""
    return lambda sender, receiver: (sender, receiver) in links


def apart(*sides):
    """Loses all that is sent between two of *sides*."""
    return lambda sender, receiver: not any(sender in side and receiver in side for side in sides)


def at_random(seed, rate):
    chance = random.Random(seed)
    return lambda sender, receiver: chance.random() < rate
