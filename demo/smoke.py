"""The whole way without a person: `make smoke`.

Connects, accepts the suggestion, buys through the shop's checkout, pays, cancels and changes, syncs, and compares the
portal with what is expected, reading it back through HubSpot's API only.
Against a real portal: HUBSPOT_TOKEN=pat-… and, if it is not HubSpot's own, HUBSPOT_API_URL.
The last line is one JSON object, and the exit code says the same.
"""

import contextlib
import json
import os
import sys
import tempfile
import time
import traceback
import uuid
from collections import Counter
from dataclasses import replace
from pathlib import Path

from demo import story
from demo.backstage import Backstage
from demo.names import CONFERENCE, LOGIN, ORGANIZER, PASSWORD
from demo.place import Place, free_port
from demo.reader import Portal
from demo.shopper import Shopper

HUBSPOT_API = "https://api.hubapi.com"
HUBSPOT_APP = "https://app.hubspot.com"
PATIENCE = 180  # seconds until everything must have arrived


def main():
    token = os.environ.get("HUBSPOT_TOKEN", "")
    api_url = os.environ.get("HUBSPOT_API_URL", HUBSPOT_API if token else "")
    if api_url and not token:
        sys.exit("HUBSPOT_API_URL needs HUBSPOT_TOKEN as well: a service key or the token of a private app.")
    with tempfile.TemporaryDirectory(prefix="pretix-hubspot-smoke-") as folder:
        result = Smoke(make_place(Path(folder), api_url), token).run()
    print(json.dumps(result))
    sys.exit(0 if result["ok"] else 1)


def make_place(folder, api_url):
    port = free_port(18000)
    app_url = os.environ.get("HUBSPOT_APP_URL", HUBSPOT_APP if api_url == HUBSPOT_API else api_url)
    return Place(folder, port, free_port(port + 1), api_url, app_url)


class Smoke:
    """One run; ``problems`` gathers every sentence about something that is not as it should be."""

    def __init__(self, place, token):
        self.place = place
        self.token = token
        self.run_id = uuid.uuid4().hex[:10]
        self.problems = []
        self.counts = {"orders": 0, "contacts": 0, "deals": 0, "associations": 0}

    def run(self):
        try:
            with self.everything_started():
                self.play()
        except Exception as trouble:  # whatever it is, the last line must tell
            traceback.print_exc()
            self.tell(f"{type(trouble).__name__}: {trouble}")
        return {**self.counts, "problems": len(self.problems), "ok": not self.problems}

    def play(self):
        self.connect()
        before = self.whole_portal()
        orders = self.buy(story.purchases(self.run_id))
        self.sync()
        self.compare("after buying", orders, story.expected_contacts(orders), before)
        later = self.change(orders)
        self.sync()
        self.compare("after paying, canceling and changing", later, story.expected_contacts(later, orders), before)

    @contextlib.contextmanager
    def everything_started(self):
        from demo import portal, start  # inline: takes seconds, and the environment must be complete before

        self.step("starting pretix" + (" and a simulated HubSpot" if self.place.simulated else ""))
        start.pretix(self.place)
        from demo.server import Shop

        with contextlib.ExitStack() as stack:
            if self.place.simulated:
                key = stack.enter_context(portal.serve(self.place)).service_key
            stack.enter_context(Shop(self.place.port))
            self.portal = Portal(self.place.api_url or self.place.portal, self.token or key)
            yield

    def connect(self):
        self.backstage = Backstage(self.place.site, ORGANIZER, CONFERENCE)
        self.backstage.log_in(LOGIN, PASSWORD)
        self.step("connecting " + ("with a token" if self.token else "with OAuth"))
        if self.token:
            self.backstage.paste_token(self.token)
        else:
            self.backstage.request_access()
        self.step("accepting the suggestion")
        self.backstage.accept_suggestion()
        self.stages = self.portal.stages()

    def buy(self, purchases):
        self.step(f"buying: {len(purchases)} orders through the shop's checkout")
        shop = f"{self.place.site}/{ORGANIZER}/{CONFERENCE}"
        regular, stream = shop_fields()
        orders = []
        for purchase in purchases:
            wanted = {field: n for field, n in ((regular, purchase.passes), (stream, purchase.streams)) if n}
            bought = Shopper(shop).buy(purchase.email, wanted, purchase.attendees, purchase.invoice)
            orders.append(replace(purchase, bought=bought))
        self.counts["orders"] = len(orders)
        return orders

    def change(self, orders):
        self.step("paying one order, canceling another, changing a third")
        company, lonely, couple, _ = orders
        self.backstage.mark_as_paid(company.bought.code)
        self.backstage.cancel(lonely.bought.code)
        later = story.changed(orders, self.run_id)
        shop = f"{self.place.site}/{ORGANIZER}/{CONFERENCE}"
        Shopper(shop).change_attendees(couple.bought, later[2].attendees)
        return later

    def sync(self):
        """Runs the periodic task until nothing waits any more."""
        from pretix.base.models.datasync import OrderSyncQueue

        from demo.ticker import tick

        self.step("syncing")
        until = time.monotonic() + PATIENCE
        tick()
        while OrderSyncQueue.objects.filter(need_manual_retry__isnull=True).exists():
            if time.monotonic() > until:
                self.tell("There are still orders waiting.")
                return
            time.sleep(1)
            tick()

    def compare(self, moment, orders, contacts, before):
        self.step(f"comparing the portal {moment}")
        found = self.portal.find("contacts", "email", contacts, story.CONTACT_PROPERTIES)
        self.same(f"contacts {moment}", contacts, {key: pick(r, story.CONTACT_PROPERTIES) for key, r in found.items()})
        deals = self.portal.find("deals", story.KEY, [order.key for order in orders], story.DEAL_PROPERTIES)
        seen = {key: pick(record, story.DEAL_PROPERTIES) for key, record in deals.items()}
        self.same(f"deals {moment}", story.expected_deals(orders, self.stages), seen)
        self.compare_associations(moment, orders, found, deals)
        self.nothing_else(moment, before, contacts, seen)
        if listed := self.backstage.sync_problems():
            self.tell(f"“Sync problems” lists {listed} orders {moment}.")
        self.counts |= {"contacts": len(found), "deals": len(deals)}

    def compare_associations(self, moment, orders, contacts, deals):
        wanted = story.expected_associations(orders)
        address = {record["id"]: email for email, record in contacts.items()}
        linked = self.portal.associated("deals", "contacts", [record["id"] for record in deals.values()])
        seen = {
            key: {address.get(one, f"contact {one}") for one in linked[record["id"]]} for key, record in deals.items()
        }
        self.same(f"associations {moment}", wanted, seen)
        self.counts["associations"] = sum(len(people) for people in seen.values())

    def whole_portal(self):
        """Every address and order key of the portal, to tell later that nothing else has come; None if too large."""
        return {
            "contacts": self.portal.everything("contacts", "email"),
            "deals": self.portal.everything("deals", story.KEY),
        }

    def nothing_else(self, moment, before, contacts, deals):
        """Our addresses occur once each, and no deal has come that is not ours."""
        after = self.whole_portal()
        if None in (*before.values(), *after.values()):
            print("  (the portal is too large to look for records that should not be there)")
            return
        ours = sorted(email for email in after["contacts"] if self.run_id in email)
        self.same(f"all contacts of this run {moment}", sorted(contacts), ours)
        prefix = f"{ORGANIZER}/{CONFERENCE}/".upper()
        new = (Counter(after["deals"]) - Counter(before["deals"])).elements()
        self.same(f"all new deals {moment}", sorted(deals), sorted(key for key in new if key.startswith(prefix)))

    def same(self, what, expected, found):
        if expected == found:
            return
        if isinstance(expected, list):
            self.tell(f"{what}: expected {expected}, found {found}")
            return
        for key in sorted(expected.keys() | found.keys()):
            if expected.get(key) != found.get(key):
                self.tell(f"{what}: {key} should be {expected.get(key)}, and is {found.get(key)}")

    def step(self, text):
        print(f"» {text}", flush=True)

    def tell(self, problem):
        self.problems.append(problem)
        print(f"  ✗ {problem}", flush=True)


def pick(record, names):
    """The named properties of a record, amounts as numbers: HubSpot cuts their zeros."""
    from decimal import Decimal

    values = {name: record["properties"].get(name) or None for name in names}
    if values.get("amount") is not None:
        values["amount"] = Decimal(values["amount"])
    return values


def shop_fields():
    """What the shop's page calls the fields for a regular pass and for the live stream."""
    from django_scopes import scopes_disabled
    from pretix.base.models import Event

    with scopes_disabled():
        event = Event.objects.get(slug=CONFERENCE)
        items = {str(item.name): item for item in event.items.all()}
        ticket = items["Conference pass"]
        regular = next(v for v in ticket.variations.all() if str(v.value) == "Regular")
        return f"variation_{ticket.pk}_{regular.pk}", f"item_{items['Live stream'].pk}"


if __name__ == "__main__":
    main()
