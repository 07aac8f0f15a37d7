"""Request bodies off the wire: of a known length or in chunks, plain or compressed (RFC 9112, RFC 9110)."""

import zlib
from collections.abc import Mapping
from typing import BinaryIO

#: Bytes of a body, also of an unpacked one; HubSpot's largest batch is far smaller.
MOST = 64 * 1024 * 1024
LONGEST_LINE = 1_024


class Unreadable(Exception):
    """The body cannot be read; ``status`` says whose fault it is."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def read_body(headers: Mapping[str, str], stream: BinaryIO) -> bytes:
    """The body as the client meant it. Raises ``Unreadable``."""
    if "chunked" in (headers.get("Transfer-Encoding") or "").lower():
        body = _chunked(stream)
    else:
        length = _length(headers.get("Content-Length") or "0", 10)
        body = stream.read(length) if length else b""
        if len(body) < length:
            raise Unreadable(400, "The body is shorter than its Content-Length")
    return _unpacked(body, (headers.get("Content-Encoding") or "").strip().lower())


def _chunked(stream: BinaryIO) -> bytes:
    parts: list[bytes] = []
    while size := _length(_line(stream).partition(b";")[0].decode("latin-1"), 16):
        if sum(map(len, parts)) + size > MOST:
            raise Unreadable(413, "The body is too large")
        parts.append(stream.read(size))
        if len(parts[-1]) < size or _line(stream):
            raise Unreadable(400, "A chunk is not as long as it says")
    while _line(stream):
        continue  # trailers
    return b"".join(parts)


def _line(stream: BinaryIO) -> bytes:
    line = stream.readline(LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise Unreadable(400, "The body ends in the middle of a chunk")
    return line.rstrip(b"\r\n")


def _length(text: str, base: int) -> int:
    try:
        length = int(text.strip(), base)
    except ValueError as error:
        raise Unreadable(400, "A length of the body is no number") from error
    if not 0 <= length <= MOST:
        raise Unreadable(413 if length > 0 else 400, "The body is too large")
    return length


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding in ("", "identity") or not body:
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Unreadable(415, f"Unsupported content encoding: {encoding}")
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | (16 if "gzip" in encoding else 0))
    try:
        unpacked = unpacking.decompress(body, MOST)
    except zlib.error as error:
        raise Unreadable(400, f"The body is no {encoding}") from error
    if not unpacking.eof:
        raise Unreadable(400, f"The body is no whole {encoding}, or too large")
    return unpacked
