"""The web server: waitress, which needs no compiler and stops when it is told to."""

import threading

from waitress.server import create_server

from demo.place import addresses
from demo.statics import serve_static


class Shop:
    """pretix on one port, in a thread of its own: ``with Shop(8000): …``."""

    def __init__(self, port):
        from pretix.wsgi import application  # inline: Django must be set up first

        listen = " ".join(addresses(port))
        self.server = create_server(serve_static(application), listen=listen, threads=8, ident="pretix-demo")
        self.thread = threading.Thread(target=self.server.run, name="web server", daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc_info):
        self.server.close()
