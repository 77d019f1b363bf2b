"""A way to a server that can be cut, in the middle of what is being said, and mended."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread
from urllib.parse import urlsplit


@dataclass(kw_only=True)
class Wire:
    """Where it begins; ``carries`` is how many more bytes of requests get through before it is cut."""

    url: str = ""
    carries: float = float("inf")

    def carry(self, start: socket.socket, end: socket.socket, *, counted: bool) -> None:
        """Hand on what comes, until the wire is cut."""
        with suppress(OSError):
            while (data := start.recv(4096)) and self.carries > 0:
                end.sendall(data)
                self.carries -= len(data) if counted else 0
        for one in (start, end):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire_to(url: str) -> Iterator[Wire]:
    """Lay one to a server on this machine."""
    there = urlsplit(url)
    door, wire = socket.create_server(("127.0.0.1", 0)), Wire()

    def answer() -> None:
        with suppress(OSError):
            while True:
                near, _ = door.accept()
                if wire.carries <= 0:
                    near.close()
                    continue
                far = socket.create_connection((str(there.hostname), int(there.port or 0)))
                Thread(target=wire.carry, args=(near, far), kwargs={"counted": True}, daemon=True).start()
                Thread(target=wire.carry, args=(far, near), kwargs={"counted": False}, daemon=True).start()

    Thread(target=answer, daemon=True).start()
    wire.url = f"http://127.0.0.1:{door.getsockname()[1]}"
    try:
        yield wire
    finally:
        wire.carries = 0
        door.close()
