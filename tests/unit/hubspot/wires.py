"""A far end without a network, and a clock that only its pauses move."""

import io
from itertools import chain

from urllib3.exceptions import ConnectTimeoutError

from pretix_hubspot.hubspot import deadline, errors, transport


class Clock:
    """Seconds that pass when somebody waits."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def wait(self, seconds, timeout):
        """Pause, at most until the timeout of a socket, which raises then."""
        if seconds > timeout:
            self.now += timeout
            raise TimeoutError("timed out")
        self.now += seconds


class _Incoming(io.RawIOBase):
    def __init__(self, wire):
        self.wire = wire

    def readable(self):
        return True

    def readinto(self, buffer):
        return self.wire.receive(buffer)


class Wire:
    """A connected socket: ``script`` yields what arrives, as (seconds until then, bytes); then the far end hangs up.

    ``slow`` are the seconds until the far end takes each 1,000 bytes of what it is sent.
    """

    def __init__(self, clock, script, slow=0.0):
        self.clock, self.script, self.slow = clock, iter(script), slow
        self.timeout, self.waiting = None, b""
        self.sent, self.received, self.closed = bytearray(), 0, False

    def makefile(self, mode, buffering=-1):
        return _Incoming(self)

    def receive(self, buffer):
        if not self.waiting:
            pause, self.waiting = next(self.script, (0, b""))
            self.clock.wait(pause, self.timeout)
        size = min(len(buffer), len(self.waiting))
        buffer[:size], self.waiting = self.waiting[:size], self.waiting[size:]
        self.received += size
        return size

    def send(self, data):
        self.clock.wait(self.slow, self.timeout)
        self.sent += data[:1_000]
        return min(len(data), 1_000)

    def settimeout(self, seconds):
        assert seconds > 0, "a timeout of 0 means not to wait at all"
        self.timeout = seconds

    def gettimeout(self):
        return self.timeout

    def shutdown(self, how):
        pass

    def close(self):
        self.closed = True


def ask(patch, script, timeouts=(5.0, 30.0), data=None, slow=0.0, connecting=0.0):
    """One exchange with this far end: the answer or the error, the wire and the clock."""
    clock = Clock()
    wire = Wire(clock, script, slow)
    patch.setattr(deadline, "clock", clock)

    def connected(connection):
        try:
            clock.wait(connecting, connection.timeout)
        except TimeoutError:
            raise ConnectTimeoutError(connection, "timed out") from None
        wire.settimeout(connection.timeout)
        return wire

    with transport.new_session("0") as session:
        pools = session.get_adapter("http://").poolmanager.pool_classes_by_scheme
        patch.setattr(pools["http"].ConnectionCls, "_new_conn", connected)
        try:
            found = transport.exchange(session, "POST", "http://far.end/", {}, data, None, timeouts)
        except errors.HubSpotError as error:
            found = error
    return found, wire, clock


def dripping(*begin, each=b" ", pause=20.0, times=10_000):
    """``begin`` at once, and then something now and then, always within the read timeout."""
    return chain([(0, b"".join(begin))] if begin else [], ((pause, each) for _ in range(times)))
