"""The whole exchange takes twice the read timeout at most, whatever the far end does: by a clock that waits move."""

import socket
import threading

import pytest

from pretix_hubspot.hubspot import errors, transport
from pretix_hubspot.hubspot.transport import HttpAnswer

from .wires import ask, dripping

OK = b"HTTP/1.1 200 OK\r\n"
DRIPS = {
    "a body with a length": dripping(OK, b"Content-Length: 1000\r\n\r\n"),
    "a body without a length": dripping(OK, b"\r\n"),
    "a body in one chunk": dripping(OK, b"Transfer-Encoding: chunked\r\n\r\n400\r\n"),
    "chunks of one byte": dripping(OK, b"Transfer-Encoding: chunked\r\n\r\n", each=b"1\r\n \r\n"),
    "the size of a chunk": dripping(OK, b"Transfer-Encoding: chunked\r\n\r\n", each=b"0"),
    "an extension of a chunk": dripping(OK, b"Transfer-Encoding: chunked\r\n\r\n1;", each=b"x"),
    "trailers": dripping(OK, b"Transfer-Encoding: chunked\r\n\r\n0\r\n", each=b"X: y\r\n"),
    "the status line": dripping(b"HTTP/1.1 200 ", each=b"O"),
    "one header": dripping(OK, b"X-Long: ", each=b"x"),
    "many headers": dripping(OK, each=b"X: y\r\n", times=90),
    "100 Continue for ever": dripping(each=b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers of 100 Continue": dripping(b"HTTP/1.1 100 Continue\r\n", each=b"X: y\r\n", times=90),
    "nothing": [(1_000, b"")],
    "nothing after the head": [(29, OK), (29, b"Content-Length: 9\r\n\r\n"), (29, b"{")],
}


@pytest.mark.parametrize("script", DRIPS.values(), ids=DRIPS)
def test_an_answer_that_drips_ends_at_the_limit(monkeypatch, script):
    error, wire, clock = ask(monkeypatch, script)

    assert type(error) is errors.ReadTimeout
    assert (error.retryable, error.may_have_written) == (True, True)
    assert clock.now <= 60
    assert wire.closed


def test_an_answer_in_pieces_is_read_as_long_as_it_is_in_time(monkeypatch):
    script = [(14, OK), (14, b"Transfer-Encoding: chunked\r\n\r\n"), (14, b"2\r\n{}\r\n"), (14, b"0\r\n\r\n")]

    answer, _, clock = ask(monkeypatch, script)

    assert answer == HttpAnswer(200, answer.headers, b"{}")
    assert clock.now == 56


def test_who_takes_what_is_sent_byte_by_byte_holds_nobody(monkeypatch):
    error, wire, clock = ask(monkeypatch, [(0, OK + b"\r\n")], data=b" " * 1_000_000, slow=4.0)

    assert type(error) is errors.ReadTimeout
    assert clock.now <= 60
    assert 0 < len(wire.sent) < 20_000


def test_connecting_counts_too(monkeypatch):
    error, _, clock = ask(monkeypatch, dripping(OK, b"\r\n"), connecting=4.0)

    assert type(error) is errors.ReadTimeout
    assert clock.now <= 60


def test_who_cannot_be_reached_in_time_was_sent_nothing(monkeypatch):
    error, wire, clock = ask(monkeypatch, [], connecting=6.0)

    assert (type(error), error.may_have_written) == (errors.ConnectTimeout, False)
    assert (clock.now, wire.sent) == (5.0, b"")


def test_a_flood_in_time_is_cut_by_its_size(monkeypatch):
    error, wire, _ = ask(monkeypatch, dripping(OK, b"\r\n", each=b" " * 65_536, pause=0.001))

    assert type(error) is errors.BadAnswer
    assert wire.received < transport.MAX_RESPONSE_BYTES + 500_000


@pytest.mark.parametrize("each", [b"", b"\x16", b"\x16\x03\x03\x00\x7a"], ids=["nothing", "a byte", "a record's head"])
def test_a_handshake_that_never_ends(loopback, each):
    """A real socket: TLS waits in OpenSSL, by the same timeout for the handshake as a whole."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection:
                for _ in range(100):
                    if done.wait(0.05):
                        return
                    try:
                        connection.sendall(each)
                    except OSError:
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        with transport.new_session("0") as session, pytest.raises(errors.NoAnswer):
            transport.exchange(session, "GET", url, {}, None, None, (0.3, 0.3))
        done.set()
        thread.join(5)
