"""Bytes in, bytes out: HTTP/1.1 with keep-alive on the standard library's threading server."""

import socket
import struct
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from .bodies import Unreadable, read_body
from .request import Raw, Reply

Answer = Callable[[Raw], Reply]
REASONS = {
    207: "Multi-Status",
    423: "Locked",
    437: "Too Many Labels",
    477: "Migration In Progress",
    521: "Web Server Is Down",
    524: "A Timeout Occurred",
    530: "Origin DNS Error",
}


class Server(ThreadingHTTPServer):
    """One thread per connection; ``stop`` also ends connections that idle or hang."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], answer: Answer):
        self.answer = answer
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        super().__init__(address, Handler)

    def process_request(self, request, client_address) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address) -> None:
        """A client that went away is no event; anything else is a bug and must be seen."""
        if not self.stopping.is_set() and not _gone():
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed by the other side meanwhile


def _gone() -> bool:
    """Whether the client left: its socket is closed, which Python also tells by a plain ``ValueError``."""
    error = sys.exc_info()[1]
    return isinstance(error, (ConnectionError, TimeoutError, ValueError)) and not isinstance(error, UnicodeError)


class Handler(BaseHTTPRequestHandler):
    """Reads a request, has it answered, writes the answer in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def _serve(self) -> None:
        try:
            body = read_body(self.headers, self.rfile)
        except Unreadable as error:
            self.close_connection = True  # nobody knows where the next request begins
            self._send(Reply(error.status, {"status": "error", "message": str(error)}, headers={"Connection": "close"}))
            return
        parts = urlsplit(self.path)
        raw = Raw(
            self.command,
            parts.path,
            parse_qs(parts.query, keep_blank_values=True),
            {name.lower(): value for name, value in self.headers.items()},
            body,
            self.path,
            f"http://{self.headers.get('Host', '')}",
        )
        self._send(self.server.answer(raw))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_TRACE = _serve

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A request that is no HTTP, or of a method that nobody knows, gets JSON like any other."""
        self.close_connection = True
        text = message or self._reason(code)
        self._send(Reply(code, {"status": "error", "message": text}, headers={"Connection": "close"}))

    def _send(self, reply: Reply) -> None:
        if reply.hang:
            self.server.stopping.wait(reply.hang)
        if reply.reset or reply.hang:
            self._break()
            return
        payload = reply.payload()
        lines = [f"HTTP/1.1 {reply.status} {self._reason(reply.status)}"]
        headers = {"Date": self.date_time_string(), **reply.headers}
        if reply.status != 204:
            headers |= {"Content-Type": reply.content_type, "Content-Length": str(len(payload))}
        if reply.cut:
            headers["Connection"] = "close"
            self.close_connection = True
            payload = payload[: len(payload) // 2]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        without_body = reply.status == 204 or self.command == "HEAD"
        self.wfile.write(head + (b"" if without_body else payload))

    def _reason(self, status: int) -> str:
        return self.responses[status][0] if status in self.responses else REASONS.get(status, "Unknown")

    def _break(self) -> None:
        """Closes with a reset instead of a polite end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the request log is the simulator's own."""
