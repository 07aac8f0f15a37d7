"""The guide that pretix publishes for its own HubSpot plugin, followed word for word, recipe by recipe.

Words in quotes are the guide's. Where it slips (`ZIP` for `zip`), the field is found by its label, as a reader would.
"""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import log_in
from tests.e2e.house import running_house
from tests.e2e.steps import add_row, checkout, chosen, code_of, new_row, panel, refresh, rows, save, sync_now, until
from tests.e2e.test_1_connect import plugin

CUSTOMER = (
    ("Invoice address: Given name", "first name", "First Name (firstname | string)"),
    ("Invoice address: Family name", "last name", "Last Name (lastname | string)"),
    ("Invoice address street", "street address", "Street Address (address | string)"),
    ("Invoice address ZIP code", "postal code", "Postal Code (zip | string)"),
    ("Invoice address city", "city", "City (city | string)"),
    ("Invoice address country", "country region code", "Country/Region Code (hs_country_region_code | string)"),
    ("Invoice address company", "company name", "Company Name (company | string)"),
)
ATTENDEE = (
    ("Attendee: Given name", "first name", "First Name (firstname | string)"),
    ("Attendee: Family name", "last name", "Last Name (lastname | string)"),
)
PERSON = ["email", "firstname", "lastname", "address", "zip", "city", "hs_country_region_code"]
DEAL = ["pretix_order_id", "amount", "closedate", "dealname", "dealstage"]


@pytest.fixture(scope="module")
def house(device, tmp_path_factory):
    """A demo of its own, since the guide begins before anything is set up."""
    with running_house(tmp_path_factory.mktemp(f"guide-{device}")) as house:
        yield house


@pytest.fixture(scope="module")
def desk(house, new_screen):
    return log_in(new_screen(), house)


@pytest.fixture(scope="module")
def reader():
    """What the reader remembers from one recipe to the next."""
    return {}


@pytest.fixture(scope="module")
def shopper(new_screen, house):
    return new_screen()


def test_enabling_the_plugin(desk, house):
    plugin(desk, house).get_by_role("button", name="Disable").click()  # the demo has it enabled
    box = plugin(desk, house)
    box.get_by_role("button", name="Enable").click()
    box = plugin(desk, house)
    box.get_by_role("button", name="Settings").click()
    box.get_by_role("link", name=re.compile("HubSpot")).click()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("HubSpot Integration")


def test_setting_up_the_connection(desk, house):
    desk.page.goto(house.hubspot)
    desk.button("Request access").click()
    desk.page.get_by_role("button", name="Connect app").click()
    desk.page.wait_for_url(house.hubspot)
    desk.says("The HubSpot integration is now active.")
    desk.says("Nothing is sent to HubSpot: this event has no object mappings yet.")
    desk.see("guide-connected")
    desk.button("Save").click()
    desk.says("Your changes have been saved.")


def test_an_order_that_comes_too_early_is_not_called_in_sync(desk, shopper, house, reader):
    reader["early"] = checkout(shopper, house, "early@bird.example.org", "early@bird.example.org")
    until(lambda: "no object mappings yet" in panel(desk, house, reader["early"]).inner_text())
    desk.page.goto(house.hubspot)
    desk.says("1 order waits for it")
    desk.see("guide-nothing-is-sent")


def add_mapping(desk, house, source, target):
    """ "Add mapping", "pretix object type", "HubSpot object type", "Save"; "the page will refresh"."""
    desk.page.goto(house.hubspot)
    row = new_row(desk, "Add mapping")
    row.locator("select").first.select_option(label=source)
    row.locator("select").last.select_option(label=target)
    desk.button("Save").click()
    desk.says("Your changes have been saved.")
    rows(desk).last.get_by_role("link", name="Edit mapping").click()
    desk.says(f"Object mapping: {source} -> {target}")


def identify(desk, source, target):
    """ "The first line under "Properties" specifies the identifier"."""
    desk.page.locator("#id_identifier-pretix_field").select_option(label=source)
    desk.page.locator("#id_identifier-external_field").select_option(label=target)
    assert desk.page.locator("#identifier-mode").input_value() == "Identifier"


def add_rows(desk, wanted):
    for source, words, found in wanted:
        row = add_row(desk, source, words, found, look=False)
        assert chosen(row)[2] == "Overwrite"


def test_adding_customers(desk, shopper, house, reader):
    add_mapping(desk, house, "Order position", "Contacts")
    identify(desk, "Order email [Text (one line)]", "Email (email | string)")
    add_rows(desk, CUSTOMER)
    desk.see("guide-customers")
    save(desk)

    until(lambda: "Contacts: early@bird.example.org" in panel(desk, house, reader["early"]).inner_text(), 30)
    checkout(shopper, house, "ada@engines.example.org", "guest@engines.example.org")
    until(lambda: people(house).get("ada@engines.example.org"))
    assert people(house)["ada@engines.example.org"] == {
        "email": "ada@engines.example.org",
        "firstname": "Ada",
        "lastname": "Lovelace",
        "address": "Hauptstraße 1",
        "zip": "69117",
        "city": "Heidelberg",
        "hs_country_region_code": "AF",  # the shop's first one: nobody chose
    }
    assert "guest@engines.example.org" not in people(house)


def people(house):
    contacts = house.admin("world", properties={"contacts": PERSON})["contacts"]
    return {entry["email"]: {name: entry.get(name) for name in PERSON} for entry in contacts}


def test_adding_attendees(desk, shopper, house):
    add_mapping(desk, house, "Order position", "Contacts")
    identify(desk, "Attendee email [Text (one line)]", "Email (email | string)")
    add_rows(desk, ATTENDEE)
    save(desk)

    checkout(shopper, house, "eve@engines.example.org", "charles@engines.example.org")
    until(lambda: people(house).get("charles@engines.example.org"))
    found = people(house)["charles@engines.example.org"]
    assert (found["firstname"], found["lastname"]) == ("Charles", "Babbage")


def test_adding_orders(desk, shopper, house, reader):
    made = house.people("create_property", type="deals", label="pretix-order-id", unique=True)
    assert made == {"name": "pretix_order_id"}
    time.sleep(1)  # HubSpot shows a new property a moment later
    add_mapping(desk, house, "Order", "Deals")
    identify(desk, "Order code [Text (one line)]", "pretix-order-id (pretix_order_id | string)")
    add_row(desk, "Order date and time", "close date", "Close Date (closedate | datetime)", look=False)
    add_row(desk, "Order total", "amount", "Amount (amount | number)", look=False)
    desk.says("HubSpot wants “Deal Name” of every new object. No row fills it, so pretix fills in the order code")
    desk.says("HubSpot wants a stage of every new object.")
    desk.see("guide-deals")
    save(desk)

    code = reader["code"] = checkout(shopper, house, "lovelace@engines.example.org", "byron@engines.example.org")
    until(lambda: code in deals(house))
    deal = deals(house)[code]
    assert (deal["dealname"], deal["dealstage"], float(deal["amount"])) == (
        f"TUTCON27-{code}",
        "appointmentscheduled",
        29.0,
    )
    assert deal["closedate"]


def deals(house):
    return {entry["pretix_order_id"]: entry for entry in house.admin("world", properties={"deals": DEAL})["deals"]}


def test_managing_data_transfers(desk, house):
    """ "If you want to export data from older orders … click the "Sync now" button"."""
    code = code_of(desk, house, "late@payer.example.org")
    sync_now(desk, house, code)
    until(lambda: "Deals: " in panel(desk, house, code).inner_text())
    desk.see("guide-sync-now", ours=False)


def test_checking_for_errors_and_troubleshooting(desk, shopper, house):
    house.people("create_property", type="contacts", label="Seat")
    time.sleep(1)
    title = "Order position -> Contacts"
    edit_last(desk, house, title)
    refresh(desk, house)
    add_row(desk, "Attendee email", "seat", "Seat (seat | string)", look=False)
    save(desk)
    house.people("archive_property", type="contacts", name="seat")
    code = checkout(shopper, house, "row@seat.example.org", "aisle@seat.example.org")
    until(lambda: "Error" in panel(desk, house, code).inner_text(), 30)

    desk.page.goto(house.event)
    expect(desk.link("Show sync problems")).to_be_visible()
    desk.page.goto(house.hubspot)
    desk.link("Show sync problems").click()
    desk.says(code)
    desk.page.goto(f"{house.organizer}datasync/failedjobs/")
    desk.says(code)

    desk.page.goto(house.hubspot)
    desk.link("Fix this", exact=False).first.click()
    desk.says("no longer exists")
    desk.see("guide-fix")
    doomed = next(row for row in rows(desk).all() if "seat" in chosen(row)[1])
    doomed.get_by_role("button", name="Delete").click()
    desk.settle()
    save(desk)
    desk.says("One order is tried again.")
    until(lambda: "Contacts: aisle@seat.example.org" in panel(desk, house, code).inner_text(), 30)


def edit_last(desk, house, title):
    """The second of two mappings of the same kind."""
    desk.page.goto(house.hubspot)
    row = [row for row in rows(desk).all() if " -> ".join(chosen(row)) == title][-1]
    row.get_by_role("link", name="Edit mapping").click()
    desk.says(f"Object mapping: {title}")
