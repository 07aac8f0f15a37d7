"""The demo in a process of its own, as `make demo` starts it, and the portal's staff beside it."""

import contextlib
import copy
import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from demo.names import CONFERENCE, ORGANIZER, WALKS
from demo.place import free_port

ROOT = Path(__file__).resolve().parents[2]
START = 120  # seconds until the demo must answer
FIRST_PORT = 18300 + os.getpid() % 1000 * 4  # two runs that start at the same moment look for ports in two places


class House:
    """A running pretix with its simulated portal: where things are, and what HubSpot's people do meanwhile."""

    def __init__(self, data, port, portal_port):
        self.data = data
        self.site = f"http://localhost:{port}"
        self.portal = f"http://localhost:{portal_port}"
        self.shop = f"{self.site}/{ORGANIZER}/{CONFERENCE}/"
        self.event = f"{self.site}/control/event/{ORGANIZER}/{CONFERENCE}/"
        self.hubspot = f"{self.event}hubspot/"
        self.walks = f"{self.site}/control/event/{ORGANIZER}/{WALKS}/"
        self.organizer = f"{self.site}/control/organizer/{ORGANIZER}/"

    def at(self, event):
        """The same house, where the pages are those of another event."""
        other = copy.copy(self)
        other.shop = f"{self.site}/{ORGANIZER}/{event}/"
        other.event = f"{self.site}/control/event/{ORGANIZER}/{event}/"
        other.hubspot = f"{other.event}hubspot/"
        return other

    def admin(self, path, **body):
        """The simulator's admin API. Not by requests: pretix, which tests load, forbids that to call this machine."""
        data = json.dumps(body).encode() if body else None
        with urllib.request.urlopen(f"{self.portal}/_simulator/{path}", data=data, timeout=20) as answer:
            return json.load(answer)

    def people(self, action, **what):
        """A person changes something in the portal by hand."""
        return self.admin(f"people/{action}", **what)

    def create_property(self, name, label, options=()):
        """A person adds a property to contacts, which can be archived later; HubSpot's own cannot."""
        wanted = {"name": name, "label": label, "groupName": "contactinformation"}
        if options:
            wanted |= {"type": "enumeration", "fieldType": "select"}
            wanted["options"] = [
                {"label": option, "value": option.lower(), "displayOrder": place, "hidden": False}
                for place, option in enumerate(options)
            ]
        else:
            wanted |= {"type": "string", "fieldType": "text"}
        headers = {"Authorization": f"Bearer {self.service_key}", "Content-Type": "application/json"}
        address = f"{self.portal}/crm/properties/2026-03/contacts"
        request = urllib.request.Request(address, json.dumps(wanted).encode(), headers)
        urllib.request.urlopen(request, timeout=20).close()
        time.sleep(1)  # HubSpot shows a new property a moment later

    def let_a_minute_pass(self):
        """Forgets when HubSpot was asked, which people may have done once a minute; no story waits for that."""
        self.run("DELETE FROM pretix_hubspot_catalogentry WHERE kind = 'asked'")

    def run(self, statement, *values):
        """In pretix' database, for what is not ours to play; hands back what it finds."""
        with contextlib.closing(sqlite3.connect(self.data / "db.sqlite3", timeout=20)) as database, database:
            return database.execute(statement, values).fetchall()

    def value(self, statement, *values):
        return self.run(statement, *values)[0][0]

    @property
    def portal_id(self):
        return str(self.admin("state")["portal"]["portalId"])

    @property
    def service_key(self):
        return self.admin("state")["service_key"]

    def contacts_of(self, deal):
        """Addresses associated with the deal of this name."""
        world = self.admin("world", properties={"contacts": ["email"], "deals": ["dealname"]})
        found = [entry["associations"] for entry in world["deals"] if entry["dealname"] == deal]
        assert len(found) == 1, f"{len(found)} deals are called {deal}"
        return found[0].get("contacts", [])


@contextlib.contextmanager
def running_house(folder):
    """Starts everything in ``folder`` and ends it afterwards."""
    port = free_port(FIRST_PORT)
    house = House(folder / "data", port, free_port(port + 1))
    command = [sys.executable, "-m", "demo", "--data", str(house.data), "--port", str(port),
               "--portal-port", house.portal.rpartition(":")[2]]  # fmt: skip
    log = (folder / "demo.log").open("w+")
    process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until_ready(process, Path(log.name))
        yield house
    finally:
        process.kill()  # a polite end would take seconds to keep a world that nobody sees again
        process.wait()
        log.close()


def wait_until_ready(process, log):
    """The demo prints its addresses when everything answers."""
    until = time.monotonic() + START
    while "Four steps to try" not in log.read_text():
        assert process.poll() is None, f"The demo does not start:\n{log.read_text()}"
        assert time.monotonic() < until, f"The demo is not ready after {START} seconds:\n{log.read_text()}"
        time.sleep(0.2)
