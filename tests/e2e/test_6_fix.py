"""From the warning on the dashboard to a repaired transfer: at most four clicks, counted."""

import pytest
from playwright.sync_api import expect

from tests.e2e.steps import add_row, checkout, edit, panel, refresh, save, until

AT_MOST = 4


class Clicks:
    """Counts what a person has to click."""

    def __init__(self):
        self.count = 0

    def on(self, target):
        self.count += 1
        target.click()


@pytest.fixture
def clicks():
    clicks = Clicks()
    yield clicks
    assert clicks.count <= AT_MOST


@pytest.fixture(scope="session")
def visitor(new_screen):
    return new_screen()


def test_a_wrong_option(desk, visitor, house, clicks):
    arrange_a_wrong_option(desk, house)
    code = checkout(visitor, house, "tim@wires.example.org", "tom@wires.example.org")
    until(lambda: "has no option for “pending”" in desk_reads(desk, house, code))
    desk.see("order-failed", ours=False)

    desk.page.goto(house.event)
    clicks.on(desk.link("Show sync problems"))
    desk.says("has no option for “pending”")
    desk.see("sync-problems-with-reasons", ours=False)
    clicks.on(desk.link("Fix this"))
    dialog = desk.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Please choose …")
    desk.see("dialog-fix", dialog="mapping.values")
    clicks.on(dialog.get_by_role("button", name="Create missing options in HubSpot"))
    clicks.on(dialog.get_by_role("button", name="Apply and save"))

    desk.says("Your changes have been saved.")
    desk.says("One order is tried again.")
    desk.see("editor-fixed")
    until(lambda: "Contacts: tim@wires.example.org" in panel(desk, house, code).inner_text())
    assert status_of(house, "tim@wires.example.org") == "pending"
    desk.page.goto(house.event)
    desk.page.wait_for_load_state("networkidle")
    assert desk.link("Show sync problems").count() == 0


def arrange_a_wrong_option(desk, house):
    """A HubSpot field that knows nothing of what pretix will send."""
    house.create_property("order_state", "Order state", ("Won", "Lost"))
    edit(desk, house, "Order -> Contacts")
    refresh(desk, house)
    add_row(desk, "Order status", "order state", "Order state (order_state | enumeration)")
    save(desk)


def desk_reads(desk, house, code):
    desk.page.goto(f"{house.event}orders/{code}/")
    return desk.text()


def status_of(house, email):
    contacts = house.admin("world", properties={"contacts": ["email", "order_state"]})["contacts"]
    return next(entry["order_state"] for entry in contacts if entry["email"] == email)


def test_revoked_access(desk, visitor, house, clicks):
    house.people("revoke", hang_on=False)
    code = checkout(visitor, house, "ann@wires.example.org", "art@wires.example.org")
    until(lambda: "no longer accepts the access" in desk_reads(desk, house, code))
    desk.see("order-waits", ours=False)
    look_around_while_access_is_revoked(desk, house)

    desk.page.goto(house.event)
    desk.says("HubSpot no longer accepts the access of pretix")
    desk.see("dashboard-lost-access", ours=False)
    clicks.on(desk.link("Reconnect"))
    clicks.on(desk.button("Request access"))
    clicks.on(desk.page.get_by_role("button", name="Connect app"))

    desk.page.wait_for_url(house.hubspot)
    desk.says("This event is connected to your HubSpot account.")
    until(lambda: "Deals: " in panel(desk, house, code).inner_text())
    desk.page.goto(house.event)
    expect(desk.link("Reconnect")).to_have_count(0)


def look_around_while_access_is_revoked(desk, house):
    """No page is a dead end meanwhile."""
    for name, address in (("settings", house.hubspot), ("log", f"{house.hubspot}log/"),
                          ("organizer", f"{house.organizer}hubspot/")):  # fmt: skip
        desk.page.goto(address)
        desk.see(f"revoked-{name}")
    desk.page.goto(f"{house.hubspot}check/")
    desk.button("Check connection", exact=False).click()
    desk.says("Access was revoked in HubSpot.")
    expect(desk.link("Fix this").first).to_be_visible()
    desk.see("revoked-check")
