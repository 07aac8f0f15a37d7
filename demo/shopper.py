"""Buys through the shop's own checkout, page by page, as a person with a browser does."""

import re
from dataclasses import dataclass

from demo.browser import Browser, PageProblem

ORDER_PAGE = re.compile(r"/order/(?P<code>[A-Z0-9]+)/(?P<secret>[A-Za-z0-9]+)")
ATTENDEE_FIELD = re.compile(r"^(?P<position>\d+)-attendee_name_parts_0$")


@dataclass(frozen=True)
class Attendee:
    """Who a ticket is for."""

    given: str
    family: str
    email: str = ""
    company: str = ""


@dataclass(frozen=True)
class Invoice:
    """An invoice address of a private person."""

    given: str = ""
    family: str = ""
    street: str = ""
    zipcode: str = ""
    city: str = ""
    country: str = "DE"


@dataclass(frozen=True)
class Bought:
    """An order as its buyer knows it: code and secret link."""

    code: str
    secret: str


class Shopper:
    """One visitor of one shop, with a cart of their own; take a new one for every order."""

    def __init__(self, shop):
        self.shop = shop.rstrip("/")
        self.browser = Browser(self.shop + "/")

    def buy(self, email, tickets, attendees, invoice):
        """From the front page to the confirmed order; ``tickets`` says how many of what: ``{"item_4": 2}``."""
        front = self.browser.open(f"{self.shop}/")
        front.submit(front.form(action="/cart/add"), **{field: str(count) for field, count in tickets.items()})
        self.browser.open(f"{self.shop}/checkout/start")
        for _ in range(8):  # there are four steps
            if found := ORDER_PAGE.search(self.browser.url):
                return Bought(found["code"], found["secret"])
            self.next_step(email, attendees, invoice)
        raise PageProblem(f"The checkout does not end. It stands at {self.browser.url}: {self.browser.says()}")

    def next_step(self, email, attendees, invoice):
        browser, here = self.browser, self.browser.url
        if "/checkout/addons" in here:
            browser.submit(browser.form(action="/checkout/addons"))
        elif "/checkout/questions" in here:
            form = browser.form(action="/checkout/questions", field="email")
            browser.submit(form, email=email, **invoice_answers(invoice), **attendee_answers(form, attendees))
        elif "/checkout/payment" in here:
            browser.submit(browser.form(action="/checkout/payment", field="payment"), payment="banktransfer")
        elif "/checkout/confirm" in here:
            form = browser.form(action="/checkout/confirm")
            agreed = {box["name"]: box.get("value", "on") for box in form.select("input[type=checkbox][required]")}
            browser.submit(form, **agreed)
        else:
            raise PageProblem(f"The checkout leads to {here}, which says: {browser.says()}")

    def change_attendees(self, bought, attendees):
        """Uses "Change details" of the order's own page, which every buyer may until the event begins."""
        page = self.browser.open(f"{self.shop}/order/{bought.code}/{bought.secret}/modify")
        form = page.form(action="/modify")
        page.submit(form, **attendee_answers(form, attendees))
        if "/modify" in page.url:
            raise PageProblem(f"The shop does not accept the change: {page.says()}")


def invoice_answers(invoice):
    return {
        "is_business": "individual",
        "name_parts_0": invoice.given,
        "name_parts_1": invoice.family,
        "street": invoice.street,
        "zipcode": invoice.zipcode,
        "city": invoice.city,
        "country": invoice.country,
    }


def attendee_answers(form, attendees):
    """The attendees, in the order in which the page asks for them."""
    names = [element.get("name") or "" for element in form.find_all("input")]
    positions = [found["position"] for name in names if (found := ATTENDEE_FIELD.match(name))]
    if len(positions) != len(attendees):
        raise PageProblem(f"The shop asks for {len(positions)} attendees instead of {len(attendees)}.")
    answers = {}
    for position, attendee in zip(positions, attendees, strict=True):
        answers |= {
            f"{position}-attendee_name_parts_0": attendee.given,
            f"{position}-attendee_name_parts_1": attendee.family,
            f"{position}-attendee_email": attendee.email,
            f"{position}-company": attendee.company,
        }
    return answers
