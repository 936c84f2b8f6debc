"""A real HTTP/1.1 server on loopback that does, connection by connection, what a test scripts.

A script is a function of one `Connection`. The n-th connection runs the n-th script; a connection
beyond the last script is closed at once and counted in `unexpected`.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": zstd.decompress,
    "": bytes,
}
_REASONS = {200: "OK", 201: "Created", 503: "Service Unavailable"}


@dataclass(frozen=True)
class RecordedRequest:
    """A request as it arrived: header names in lower case, the body as it travelled."""

    target: str
    headers: dict[str, str]
    body: bytes
    method: str = ""

    @property
    def decoded(self) -> bytes:
        return _DECODERS[self.headers.get("content-encoding", "")](self.body)


class Connection:
    """One accepted connection, in the hands of a script."""

    def __init__(self, server: ScriptedServer, sock: socket.socket) -> None:
        self._server = server
        self._sock = sock
        self._stream = sock.makefile("rb")
        self.method = ""

    def read_head(self) -> tuple[str, dict[str, str]]:
        """Read the request line and the headers, and count the request as seen."""
        request_line = self._stream.readline().decode("ascii")
        if not request_line:
            raise ConnectionResetError
        headers = {}
        while (line := self._stream.readline().decode("ascii")) not in {"\r\n", ""}:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        self._server.heads.append(headers)
        self.method, target, _ = request_line.split(" ")
        return target, headers

    def read_request(self) -> RecordedRequest:
        """Read a whole request and record it."""
        target, headers = self.read_head()
        if headers.get("transfer-encoding") == "chunked":
            body = b"".join(self._chunks())
        else:
            body = self.read(int(headers.get("content-length", "0")))
        request = RecordedRequest(target, headers, body, self.method)
        self._server.requests.append(request)
        return request

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise ConnectionResetError
        return data

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def answer(
        self, status: int, headers: dict[str, str] | None = None, body: object = b""
    ) -> None:
        """Send a whole answer; a body that is not bytes goes as JSON."""
        self.send(render_answer(status, headers, body))

    def drip(self, data: bytes, interval: float) -> None:
        """Send byte by byte until all is sent, the client is gone, or the server stops."""
        for byte in data:
            self.send(bytes([byte]))
            if self._server.stopping.wait(interval):
                return

    def hang(self) -> None:
        """Do nothing more, with the connection open, until the server stops."""
        self._server.stopping.wait(30)

    def reset(self) -> None:
        """Cut the connection with an RST."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        self._stream.close()
        self._sock.close()

    def tunnel(self, port: int) -> None:
        """Carry bytes both ways between the client and a port on loopback, as a proxy does."""
        with socket.create_connection(("127.0.0.1", port)) as far:
            inbound = threading.Thread(target=_carry, args=(self._sock, far))
            inbound.start()
            _carry(far, self._sock)
            inbound.join()

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._stream.readline(), 16):
            yield self.read(size)
            self.read(2)
        self.read(2)


Script = Callable[[Connection], None]


@dataclass
class ScriptedServer:
    """The server; `url` is its address, `requests` the whole requests that it has read."""

    scripts: list[Script] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    requests: list[RecordedRequest] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    unexpected: int = 0
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def script(self, *scripts: Script) -> None:
        """Append what the next connections do."""
        self.scripts.extend(scripts)

    def stop(self) -> None:
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            index, self.connections = self.connections, self.connections + 1
            if index >= len(self.scripts):
                self.unexpected += 1
                sock.close()
                continue
            thread = threading.Thread(target=self._serve, args=(sock, self.scripts[index]))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, script: Script) -> None:
        sock.settimeout(30)
        with contextlib.suppress(OSError):  # the client has gone, which is a test's own affair
            if self.tls is not None:
                try:
                    sock = self.tls.wrap_socket(sock, server_side=True)
                except OSError:
                    sock.close()
                    raise
            connection = Connection(self, sock)
            try:
                script(connection)
            finally:
                connection.close()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def render_answer(status: int, headers: dict[str, str] | None = None, body: object = b"") -> bytes:
    """Return an answer's bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Scripted')}"]
    fields = {"Content-Length": str(len(content)), "Connection": "close", **(headers or {})}
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def receipt_of(request: RecordedRequest) -> dict[str, object]:
    """Return a hub's receipt of the request, made from the bytes that really arrived."""
    digest = base64.b64encode(hashlib.sha256(request.decoded).digest()).decode()
    return {
        "snapshot_id": "snap-1",
        "received_at": "2026-11-21T10:00:00Z",
        "issue_count": len(json.loads(request.decoded)["issues"]),
        "digest": f"sha-256=:{digest}:",
        "resolution": {"status": "resolved", "mapping_id": "map-1", "project": "apollo"},
    }


def accepting(
    status: int = 201, headers: dict[str, str] | None = None, **changes: object
) -> Script:
    """Read the request and accept it, with such changes to the receipt; None drops a member."""

    def script(connection: Connection) -> None:
        receipt = receipt_of(connection.read_request()) | changes
        kept = {name: value for name, value in receipt.items() if value is not None}
        connection.answer(status, headers, kept)

    return script


def answering(status: int, headers: dict[str, str] | None = None, body: object = b"") -> Script:
    """Read the request and give this answer."""

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.answer(status, headers, body)

    return script


def resetting_in_body(after_bytes: int) -> Script:
    """Cut the connection when so much of the body is read."""

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.read(after_bytes)
        connection.reset()

    return script


def answering_early(status: int, body: object = b"", *, then_hang: bool = False) -> Script:
    """Answer when the headers are read; then close with the body unread, or hang."""

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.answer(status, None, body)
        if then_hang:
            connection.hang()

    return script


def sending(data: bytes, *, then_hang: bool = False) -> Script:
    """Read the request and send these bytes instead of an answer."""

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(data)
        if then_hang:
            connection.hang()

    return script


def dripping(data: bytes, interval: float) -> Script:
    """Read the request and send these bytes one by one."""

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.drip(data, interval)

    return script


def keeping_alive(*scripts: Script) -> Script:
    """Run several scripts on one connection, which their answers keep open; then close it."""

    def script(connection: Connection) -> None:
        for each in scripts:
            each(connection)

    return script


def answering_alive(
    status: int, headers: dict[str, str] | None = None, body: object = b""
) -> Script:
    """Read the request and give this answer, on a connection that stays open."""
    return answering(status, {"Connection": "keep-alive", **(headers or {})}, body)


def tunnelling(port: int) -> Script:
    """Connect to a port on loopback, as a proxy does."""

    def script(connection: Connection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        connection.tunnel(port)

    return script


def hanging(connection: Connection) -> None:
    """Read the headers and do nothing more: a script."""
    connection.read_head()
    connection.hang()


def reading_slowly(connection: Connection) -> None:
    """Read the body a little at a time until the client is gone: a script."""
    connection.read_head()
    while not connection._server.stopping.wait(0.05):
        connection.read(4096)
