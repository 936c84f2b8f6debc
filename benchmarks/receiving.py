"""Where `publish.py` publishes to: a receiver that throws bodies away, or the reference hub.

Both run in a process of their own. Run as a program, this is the receiver: it answers each body
with the receipt of a hub that has taken it, tells on a GET how the last body was encoded, says its
address on its first line, and ends with its standard input.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol
from urllib.request import urlopen

from measuring import told

ENDPOINT = "/api/v1/connectors/trackers/snapshots/"
PLAIN = "identity"
"""The coding of a body that travels as it is (RFC 9110, section 12.5.3)."""

_PIECE_BYTES = 1 << 18
_EXIT_SECONDS = 60
_MAX_BODY_BYTES = 64 << 30


@contextmanager
def discarding_receiver() -> Iterator[str]:
    """Run the receiver that throws bodies away; yields its address."""
    with _process((sys.executable, __file__), None) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


def last_coding(receiver: str) -> str:
    """Ask the receiver that throws bodies away how the last one was encoded.

    Args:
        receiver: Its address.
    """
    with urlopen(receiver) as answer:  # noqa: S310 - on loopback
        coding: str = json.load(answer)
    return coding


@contextmanager
def reference_hub(home: Path) -> Iterator[tuple[str, str]]:
    """Run the reference hub; yields its address and a token.

    Args:
        home: Where its database lies.
    """
    program = (sys.executable, "-m", "trackwire", "hub")
    at = ("--database", str(home / "hub.sqlite"), "--json")
    made = told((*program, "token", "create", "--team", "measured", "--name", "benchmark", *at))
    serve = (*program, "serve", "--port", "0", "--max-body", str(_MAX_BODY_BYTES), *at)
    with _process(serve, home) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"], made["token"]


@contextmanager
def _process(command: tuple[str, ...], home: Path | None) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command, cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(_EXIT_SECONDS)


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def readline(self) -> bytes: ...


class _Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    last_coding = PLAIN

    def do_POST(self) -> None:
        if "Content-Length" in self.headers:
            _discard(self.rfile, int(self.headers["Content-Length"]))
        else:
            _discard_chunks(self.rfile)
        _Receiver.last_coding = self.headers.get("Content-Encoding", PLAIN)
        receipt = {
            "snapshot_id": "discarded",
            "received_at": "2026-01-01T00:00:00Z",
            "issue_count": 0,
            "digest": self.headers["Repr-Digest"],
        }
        self._answer(201, receipt)

    def do_GET(self) -> None:
        self._answer(200, self.last_coding)

    def _answer(self, status: int, value: object) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Accept-Encoding", "zstd, gzip")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _discard_chunks(stream: _Stream) -> None:
    while size := int(stream.readline(), 16):
        _discard(stream, size)
        stream.readline()
    stream.readline()


def _discard(stream: _Stream, size: int) -> None:
    while size:
        size -= len(stream.read(min(size, _PIECE_BYTES)))


def _main() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Receiver) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.read(sys.stdin.fileno(), 1)
        server.shutdown()


if __name__ == "__main__":
    _main()
