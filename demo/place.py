"""Where one demo lives: its folder, its ports, its addresses, and the configuration that pretix gets from them."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

DEMO_CLIENT_ID = "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
DEMO_CLIENT_SECRET = "demo-only-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
RETURN_PATH = "/control/hubspot/oauth/return/"


@dataclass(frozen=True)
class Place:
    """One pretix with one portal beside it; everything else follows from these."""

    data: Path
    port: int
    portal_port: int
    api_url: str = ""  # another HubSpot than the simulator at ``portal_port``
    app_url: str = ""

    @property
    def site(self):
        return f"http://localhost:{self.port}"

    @property
    def portal(self):
        return f"http://localhost:{self.portal_port}"

    @property
    def return_url(self):
        return self.site + RETURN_PATH

    @property
    def simulated(self):
        return not self.api_url

    def configure(self):
        """Hands the configuration to ``demo.settings`` the way an operator would: as environment variables."""
        self.data.mkdir(parents=True, exist_ok=True)
        os.environ.update(self.environment())

    def environment(self):
        told = {
            "DJANGO_SETTINGS_MODULE": "demo.settings",
            "DATA_DIR": str(self.data),
            "PRETIX_CONFIG_FILE": os.devnull,  # whatever pretix.cfg lies about on this machine is none of our business
            "PRETIX_PRETIX_DATADIR": str(self.data),
            "PRETIX_PRETIX_URL": self.site,
            "PRETIX_HUBSPOT_API_URL": self.api_url or self.portal,
            "PRETIX_HUBSPOT_APP_URL": self.app_url or self.portal,
        }
        if self.simulated:
            told["PRETIX_HUBSPOT_CLIENT_ID"] = DEMO_CLIENT_ID
            told["PRETIX_HUBSPOT_CLIENT_SECRET"] = DEMO_CLIENT_SECRET
        return told


def loopbacks():
    """The addresses that "localhost" may mean on this machine."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.bind((host, 0))
        except OSError:  # no such family here
            continue
        yield family, host


def addresses(port):
    """``port`` on every loopback address, as waitress wants them named."""
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for _, host in loopbacks()]


def is_free(port):
    """Whether nobody on this machine listens on ``port``."""
    for family, host in loopbacks():
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            if probe.connect_ex((host, port)) == 0:
                return False
    return True


def free_port(start, avoid=()):
    """The first free port from ``start`` on."""
    return next(port for port in range(start, 65536) if port not in avoid and is_free(port))
