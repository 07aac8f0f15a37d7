"""What happens when no proper answer comes, against a real socket."""

import socket
import struct
import threading

import pytest
import requests
import urllib3.exceptions

from pretix_hubspot.hubspot import errors, transport
from pretix_hubspot.hubspot.budget.shared import NoBudget
from pretix_hubspot.hubspot.client import Client

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ACCOUNT = b'{"portalId": 7}'


class Server:
    """Answers each connection by a script: a function that is given the socket once the request was read."""

    def __init__(self, script):
        self.script = script
        self.requests = 0
        self.done = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                while connection.recv(65_536):
                    self.requests += 1
                    if self.script(connection, self.done) is not True:
                        break

    def close(self):
        self.done.set()
        # close() alone does not wake a thread in accept().
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(2)


@pytest.fixture
def serve(loopback):
    servers = []

    def start(script):
        servers.append(Server(script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def ask(url, timeouts=(1.0, 0.3)):
    client = Client(url, "2026-03", lambda: "t", None, NoBudget(), timeouts=timeouts)
    try:
        return client.account()
    finally:
        client.close()


def reset(connection, done):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(connection, done):
    pass


def hang(connection, done):
    done.wait(5)


def truncated(connection, done):
    connection.sendall(OK + b"Content-Length: 100\r\n\r\n" + ACCOUNT)


def truncated_chunk(connection, done):
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\n" + ACCOUNT)


def stalled_body(connection, done):
    connection.sendall(OK + b"Content-Length: 100\r\n\r\n{")
    done.wait(5)


def not_http(connection, done):
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def not_gzip(connection, done):
    connection.sendall(OK + b"Content-Encoding: gzip\r\nContent-Length: 15\r\n\r\n" + ACCOUNT)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (reset, errors.ConnectionFailed),
        (hang_up, errors.ConnectionFailed),
        (hang, errors.ReadTimeout),
        (truncated, errors.ConnectionFailed),
        (truncated_chunk, errors.ConnectionFailed),
        (stalled_body, errors.ReadTimeout),
        (not_http, errors.ConnectionFailed),
        (not_gzip, errors.ConnectionFailed),
    ],
)
def test_broken_answers(serve, script, kind):
    server = serve(script)
    with pytest.raises(kind) as caught:
        ask(server.url)
    assert type(caught.value) is kind
    assert (caught.value.retryable, caught.value.may_have_written) == (True, True)
    assert caught.value.operation == "account read"
    assert server.requests == 1  # nothing is repeated down here


def test_a_dripping_answer_ends(serve):
    def drip(connection, done):
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        while not done.wait(0.05):
            connection.sendall(b"1\r\n \r\n")

    with pytest.raises(errors.ReadTimeout):
        ask(serve(drip).url)


def test_an_endless_answer_is_cut(serve):
    def flood(connection, done):
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        while not done.is_set():
            try:
                connection.sendall(b"10000\r\n" + b" " * 65_536 + b"\r\n")
            except OSError:
                return

    with pytest.raises(errors.BadAnswer):
        ask(serve(flood).url, timeouts=(1.0, 5.0))


def test_nobody_listens(loopback):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(errors.ConnectionFailed):
        ask(f"http://127.0.0.1:{port}")


def test_connections_are_kept(serve):
    peers = set()

    def answer(connection, done):
        peers.add(connection.getpeername())
        connection.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(ACCOUNT) + ACCOUNT)
        return True

    client = Client(serve(answer).url, "2026-03", lambda: "t", None, NoBudget())
    assert [client.account().portal_id for _ in range(3)] == [7, 7, 7]
    client.close()
    assert len(peers) == 1


@pytest.mark.usefixtures("blocking_pretix")
def test_what_pretix_blocks_is_told_apart():
    with pytest.raises(errors.BlockedByServer) as caught:
        ask("http://127.0.0.1:9")
    assert (caught.value.retryable, caught.value.may_have_written) == (False, False)


@pytest.mark.parametrize("url", ["", "api.hubapi.com", "http://", "http://[", "ftp://127.0.0.1"])
def test_a_url_that_is_none(url):
    with pytest.raises(errors.ConnectionFailed):
        ask(url)


class FailingSession(transport.Session):
    def __init__(self, failure):
        super().__init__()
        self.failure = failure

    def send(self, request, **kwargs):
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        # As pretix raises it: the bare base class, and no requests exception.
        (urllib3.exceptions.HTTPError("Request to local address 127.0.0.1 blocked"), errors.BlockedByServer),
        (urllib3.exceptions.LocationParseError("x"), errors.ConnectionFailed),
        (urllib3.exceptions.NewConnectionError(None, "x"), errors.ConnectionFailed),
        (urllib3.exceptions.ReadTimeoutError(None, "u", "x"), errors.ReadTimeout),
        (requests.ConnectTimeout("x"), errors.ConnectTimeout),
        (requests.ReadTimeout("x"), errors.ReadTimeout),
        (requests.exceptions.SSLError("x"), errors.ConnectionFailed),
        (requests.exceptions.ChunkedEncodingError("x"), errors.ConnectionFailed),
        (requests.exceptions.InvalidURL("x"), errors.ConnectionFailed),
        (TimeoutError("x"), errors.ReadTimeout),
        (ConnectionResetError("x"), errors.ConnectionFailed),
    ],
)
def test_exceptions(failure, kind):
    client = Client("https://api.hubapi.com", "2026-03", lambda: "t", None, NoBudget(), http=FailingSession(failure))
    with pytest.raises(errors.NoAnswer) as caught:
        client.account()
    assert type(caught.value) is kind
    assert caught.value.__cause__ is None  # its text would hold the URL


def test_a_netrc_does_not_replace_the_token(serve, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    seen = []

    class Recorder(transport.Session):
        def send(self, request, **kwargs):
            seen.append(request.headers["Authorization"])
            raise requests.ConnectionError

    client = Client("http://127.0.0.1:1", "2026-03", lambda: "t", None, NoBudget(), http=Recorder())
    with pytest.raises(errors.ConnectionFailed):
        client.account()
    assert seen == ["Bearer t"]


def test_the_environment_is_asked_once_per_host(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/own.pem")
    with transport.new_session("1") as session:
        first = session.settings("https://api.hubapi.com/a")
        direct = session.settings("https://127.0.0.1/a")
        monkeypatch.setenv("HTTPS_PROXY", "http://another.example:3128")
        assert session.settings("https://api.hubapi.com/b") is first
    assert (first["proxies"]["https"], first["verify"], first["stream"]) == (
        "http://proxy.example:3128",
        "/etc/own.pem",
        True,
    )
    assert "https" not in direct["proxies"]
