"""See orders arrive: a checkout in the shop, the order page, the portal."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.steps import checkout, code_of, panel, sync_now, until

EMAIL = "ada@engines.example.org"
GUEST = "charles@engines.example.org"
bought = {}


@pytest.fixture(scope="session")
def shopper(new_screen):
    return new_screen()


def test_a_checkout_arrives_in_the_portal(desk, shopper, house):
    code = bought["code"] = checkout(shopper, house, EMAIL, GUEST)
    deal = f"TUTCON27-{code}"
    until(lambda: deal in desk.page.goto(house.portal).text())
    desk.see("portal", ours=False)
    desk.page.get_by_role("link", name=deal).click()
    associations = desk.page.locator("table", has=desk.page.get_by_role("columnheader", name="Labels"))
    expect(associations.get_by_role("link", name="Ada Lovelace")).to_be_visible()
    expect(associations.get_by_role("link", name="Charles Babbage")).to_be_visible()
    desk.see("portal-deal", ours=False)
    assert sorted(house.contacts_of(deal)) == sorted((EMAIL, GUEST))


def test_order_page_links_to_the_records(desk, house):
    box = panel(desk, house, bought["code"])
    for start, count in (("Contacts:", 2), ("Deals:", 1)):
        expect(box.get_by_role("link", name=re.compile(start))).to_have_count(count)
    expect(box.get_by_role("button", name="Sync now")).to_be_visible()
    link = box.get_by_role("link", name=f"Deals: TUTCON27-{bought['code']}")
    assert link.get_attribute("href").startswith(f"{house.portal}/contacts/{house.portal_id}/record/")
    desk.see("order-synced", ours=False)


def test_order_history_says_what_was_sent(desk, house):
    desk.page.goto(f"{house.event}orders/{bought['code']}/")
    history = desk.page.locator(".panel", has_text="Order history").last
    expect(history).to_contain_text("HubSpot")


def test_sync_now_repairs_what_somebody_changed_in_hubspot(desk, house):
    deal = f"TUTCON27-{bought['code']}"
    house.people("change", type="deals", find={"dealname": deal}, properties={"amount": "1"})
    sync_now(desk, house, bought["code"])
    until(lambda: amount_of(house, deal) == 29)


def amount_of(house, deal):
    deals = house.admin("world", properties={"deals": ["dealname", "amount"]})["deals"]
    return next(float(entry["amount"]) for entry in deals if entry["dealname"] == deal)


def test_earlier_order_says_why_it_is_left_out_and_goes_by_hand(desk, house):
    code = code_of(desk, house, "late@payer.example.org")
    desk.page.goto(f"{house.event}orders/{code}/transition?status=p")
    desk.page.locator("button.btn-primary.btn-save").click()
    until(lambda: "placed before the event was connected to HubSpot" in panel(desk, house, code).inner_text())
    desk.see("order-left-out", ours=False)
    sync_now(desk, house, code)
    until(lambda: "Deals: " in panel(desk, house, code).inner_text())
