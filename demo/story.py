"""What the smoke test does in the shop, and what a portal must hold afterwards.

The expectation is written down by hand, from what people type into the shop and from what the suggestion promises:
a contact per address, a deal per order in the stage of its status, and a line from each deal to the people of today.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from demo.names import CONFERENCE, ORGANIZER
from demo.shopper import Attendee, Bought, Invoice

CONTACT_PROPERTIES = ("firstname", "lastname", "company", "address", "zip", "city")
DEAL_PROPERTIES = ("dealname", "amount", "dealstage")
KEY = "pretix_order_key"
PASS, STREAM = Decimal("449.00"), Decimal("29.00")


@dataclass(frozen=True)
class Purchase:
    """One order: who buys how many of what for whom, and how it stands."""

    email: str
    passes: int
    streams: int
    attendees: tuple[Attendee, ...]
    invoice: Invoice = Invoice()
    status: str = "pending"
    bought: Bought | None = None

    @property
    def key(self):
        return f"{ORGANIZER}/{CONFERENCE}/{self.bought.code}".upper()

    @property
    def total(self):
        return self.passes * PASS + self.streams * STREAM

    @property
    def addresses(self):
        return {address.lower() for address in (self.email, *(a.email for a in self.attendees)) if address}

    @property
    def names(self):
        """The buyer's given and family name: of the invoice address, else of an attendee, first the one who buys."""
        if self.invoice.given or self.invoice.family:
            return self.invoice.given, self.invoice.family
        buying = [a for a in self.attendees if a.email.lower() == self.email.lower()]
        return next(((a.given, a.family) for a in (*buying, *self.attendees) if a.given or a.family), ("", ""))


def purchases(run):
    """Four orders with addresses that nobody else uses: a company's, a lonely one, a couple's, and a second one."""

    def address(name):
        return f"{name}-{run}@example.org"

    ada = Attendee("Ada", "Löwe 🎉", address("ada"), "Rechenwerk AG")
    home = Invoice("Ada", "Löwe 🎉", "Hauptstraße 1", "69117", "Heidelberg")
    return [
        Purchase(
            address("ada"), 2, 1, (ada, Attendee("ليلى", "حداد", address("layla")), Attendee("No", "Address")), home
        ),
        Purchase(address("gwen"), 0, 1, (Attendee("Gwen", "Gone", address("gwen")),)),
        Purchase(
            address("pair"), 2, 0, (Attendee("Mia", "Pair", address("mia")), Attendee("Max", "Pair", address("MAX")))
        ),
        Purchase(address("ada"), 0, 1, (ada,), home),
    ]


def changed(orders, run):
    """The first is paid, the second canceled, and in the third somebody else comes instead of Max."""
    company, lonely, couple, second = orders
    substitute = Attendee("Sub", "Stitute", f"sub-{run}@example.org")
    return [
        replace(company, status="paid"),
        replace(lonely, status="canceled"),
        replace(couple, attendees=(couple.attendees[0], substitute)),
        second,
    ]


def expected_contacts(orders, earlier=()):
    """``{address: properties}``; what was filled first stays, since the suggestion only fills what is empty."""
    contacts = {}
    for order in (*earlier, *orders):
        fill(contacts, order.email, buyer_values(order))
        for attendee in order.attendees:
            if attendee.email:
                fill(contacts, attendee.email, attendee_values(attendee))
    return contacts


def fill(contacts, address, values):
    contact = contacts.setdefault(address.lower(), dict.fromkeys(CONTACT_PROPERTIES))
    for name, value in values.items():
        contact[name] = contact[name] or value or None


def buyer_values(order):
    invoice, (given, family) = order.invoice, order.names
    return {
        "firstname": given,
        "lastname": family,
        "address": invoice.street,
        "zip": invoice.zipcode,
        "city": invoice.city,
    }


def attendee_values(attendee):
    return {"firstname": attendee.given, "lastname": attendee.family, "company": attendee.company}


def expected_deals(orders, stages):
    """``{order key: properties}``"""
    return {
        order.key: {
            "dealname": f"{CONFERENCE}-{order.bought.code}".upper(),
            "amount": order.total,
            "dealstage": stages[order.status],
        }
        for order in orders
    }


def expected_associations(orders):
    """``{order key: {addresses of its people}}``"""
    return {order.key: order.addresses for order in orders}
