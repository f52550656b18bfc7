"""A wire to a server that counts what goes over it, and that can break."""

from __future__ import annotations

import contextlib
import socket
import threading


class CuttingProxy:
    """Passes connections on to a port of this machine, and cuts them after `cut_after` bytes to it, if that is not None."""

    def __init__(self, port: int, cut_after: int | None = None) -> None:
        self.cut_after, self.sent = cut_after, 0
        self._to = port
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Cut everything."""
        self._listener.close()
        _cut(self._sockets)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                self._sockets += [client, server]
                threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, count: bool) -> None:
        """Until either end is closed; then the other one is."""
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 14):
                target.sendall(piece)
                if count:
                    self.sent += len(piece)
                    if self.cut_after is not None and self.sent > self.cut_after:
                        break
        _cut([source, target])


def _cut(ends: list[socket.socket]) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
