"""The simulator as tests, demos and the command line use it: a backend that listens."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from .admin.people import People
from .backend import Backend
from .dispatch import handle
from .http.server import Server


class Simulator(Backend):
    """A stand-in for HubSpot, for use in process or behind a port; its settings are those of ``Backend``."""

    @property
    def people(self) -> People:
        """The staff of the first portal."""
        return People(self)

    def listen(self, host: str = "127.0.0.1", port: int = 0) -> Server:
        """A bound server; whoever asks for it calls ``serve_forever`` and ``stop``."""
        return Server((host, port), partial(handle, self))

    @contextmanager
    def serve(self, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
        """Listens in a thread until the block ends, on a free loopback port by default; yields the base URL."""
        server = self.listen(host, port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://{host}:{server.server_address[1]}"
        finally:
            server.stop()
            thread.join(timeout=5)
