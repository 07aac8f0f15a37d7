"""Watch: a problem shows on the dashboard, on our page, in the list and at the order, and ends with a repair."""

import pytest
from playwright.sync_api import expect

from tests.e2e.steps import checkout, edit, panel, refresh, rows, save, until
from tests.e2e.test_4_orders import bought

WARNING = "Orders in this event could not be synced to an external system as configured."
FAILURE = "Misconfiguration, please check provider settings"


@pytest.fixture(scope="session")
def buyer(new_screen):
    return new_screen()


def test_vanished_property_stops_the_order(desk, buyer, house):
    house.people("archive_property", type="contacts", name="billing_country")
    code = bought["refused"] = checkout(buyer, house, "grace@compilers.example.org", "kay@compilers.example.org")
    until(lambda: FAILURE in panel(desk, house, code).inner_text())
    desk.see("order-error", ours=False)


def test_dashboard_and_settings_warn(desk, house):
    desk.page.goto(house.event)
    desk.says(WARNING)
    desk.see("dashboard-warning", ours=False)
    desk.page.goto(house.hubspot)
    desk.says(WARNING)
    desk.see("integration-error")
    desk.link("Show sync problems").click()
    desk.says(bought["refused"])
    desk.says(FAILURE)
    desk.see("sync-problems", ours=False)


def test_organizer_lists_the_problem_too(desk, house):
    desk.page.goto(f"{house.organizer}datasync/failedjobs/")
    desk.says(bought["refused"])
    desk.see("organizer-sync-problems", ours=False)


def test_order_history_names_the_property(desk, house):
    desk.page.goto(f"{house.event}orders/{bought['refused']}/")
    history = desk.page.locator(".panel", has_text="Order history").last
    expect(history).to_contain_text("Transferring data to HubSpot failed due to invalid configuration")
    expect(history).to_contain_text("billing_country")


def test_editor_shows_which_row_is_to_blame(desk, house):
    edit(desk, house, "Order -> Contacts")
    refresh(desk, house)
    row = rows(desk).filter(has_text="illing")
    expect(row.locator(".fa-warning").first).to_be_visible()
    desk.see("editor-vanished-property")
    row.get_by_role("button", name="Delete").click()
    desk.settle()
    save(desk)
    desk.says("One order is tried again.")


def test_the_order_arrives_once_the_mapping_is_repaired(desk, house):
    until(lambda: "Contacts: grace@compilers.example.org" in panel(desk, house, bought["refused"]).inner_text())
    desk.page.goto(house.event)
    assert WARNING not in desk.text()
