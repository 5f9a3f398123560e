"""A network that fails when a test wants it to."""

from __future__ import annotations

import socket
import threading
from typing import Self


class Proxy:
    """Passes on what comes to a port of its own, until something comes that contains
    what it is to be cut at.

    """

    def __init__(self, port: int) -> None:
        """
        :param port: where it goes to

        """
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._mark = b""
        self._answered = False
        self._down = self._stays_down = False
        self.cuts = 0

    def cut(self, mark: bytes, answered: bool, for_good: bool) -> None:
        """Fail once something comes.

        :param mark: what that contains

        :param answered: whether the other side gets it, and only its answer is lost

        :param for_good: whether there is no new connection until :meth:`mend`

        """
        self._mark, self._answered, self._stays_down = mark, answered, for_good

    def mend(self) -> None:
        """Work again."""
        self._mark, self._down = b"", False

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._down = True
        self._listener.close()
        self._drop()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                # Nobody is there.
                near.close()
                continue
            with self._lock:
                # Not later, or who cuts would leave it.
                if is_up := not self._down:
                    self._open |= {near, far}
            if not is_up:
                self._close(near, far)
                continue
            cutting = threading.Event()
            for source, target, asks in ((near, far, True), (far, near, False)):
                threading.Thread(
                    target=self._pass_on,
                    args=(source, target, asks, cutting),
                    daemon=True,
                ).start()

    def _pass_on(
        self,
        source: socket.socket,
        target: socket.socket,
        asks: bool,
        cutting: threading.Event,
    ) -> None:
        try:
            while data := source.recv(1 << 20):
                if asks and self._mark and self._mark in data:
                    self._mark = b""
                    if not self._answered:
                        break
                    # From now on, since who asks may not wait for the answer.
                    self._down = self._stays_down
                    cutting.set()
                elif not asks and cutting.is_set():
                    break
                target.sendall(data)
            else:
                if not (asks and cutting.is_set()):
                    self._close(source, target)
                return
            self.cuts += 1
            self._down = self._stays_down
            self._drop()
        except OSError:
            if not (asks and cutting.is_set()):
                self._close(source, target)

    def _drop(self) -> None:
        with self._lock:
            open_, self._open = self._open, set()
        self._close(*open_)

    def _close(self, *sockets: socket.socket) -> None:
        for one in sockets:
            try:
                # Wakes up the thread that reads from it.
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
