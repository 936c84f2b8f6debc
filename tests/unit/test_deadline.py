"""What a stream does while the other side neither reads nor answers."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpcore
import pytest
from certificates import self_signed

from trackwire.deadline import Deadline, DeadlineBackend


class Reticent:
    """A TLS 1.3 server that keeps its session tickets back until it is told, and never reads."""

    def __init__(self, certificate: Path) -> None:
        self.port = 0
        self.tell = threading.Event()
        self.stop = threading.Event()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_3
        self._context.load_cert_chain(certificate)

    @contextmanager
    def running(self) -> Iterator[None]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            thread = threading.Thread(target=self._serve, args=(listener,))
            thread.start()
            try:
                yield
            finally:
                self.tell.set()
                self.stop.set()
                thread.join()

    def _serve(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = self._context.wrap_bio(incoming, outgoing, server_side=True)
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    connection.sendall(outgoing.read())
                    incoming.write(connection.recv(65536))
            self.tell.wait()
            connection.sendall(outgoing.read())
            self.stop.wait()


def fill(stream: httpcore.NetworkStream) -> selectors.BaseSelector:
    """Write until nothing more fits in between, and return what tells of bytes to be read."""
    sock = stream.get_extra_info("socket")
    sock.settimeout(0)
    with suppress(ssl.SSLWantWriteError):
        while True:
            sock.send(bytes(16384))
    selector = selectors.DefaultSelector()
    selector.register(sock, selectors.EVENT_READ)
    return selector


def test_tls_that_talks_of_its_own_is_no_answer_to_a_request_that_finds_no_room(
    tmp_path: Path,
) -> None:
    certificate = self_signed("hub.test", tmp_path / "hub.pem")
    server = Reticent(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with server.running():
        plain = DeadlineBackend(Deadline.after(30)).connect_tcp("127.0.0.1", server.port)
        stream = plain.start_tls(trusting, "hub.test")
        with fill(stream) as selector:
            server.tell.set()
            assert selector.select(30)
        with pytest.raises(httpcore.WriteTimeout, match="the server stopped reading"):
            stream.write(b"more", timeout=0.1)
        stream.close()
