"""See orders arrive: a checkout in the shop, the order page, the portal."""

import re
import time

import pytest
from playwright.sync_api import expect

WITHIN = 10  # seconds between the shop's confirmation and HubSpot
EMAIL = "ada@engines.example.org"
GUEST = "charles@engines.example.org"
bought = {}


def checkout(window, house, email, *guests):
    """Buys a live stream for each guest in the shop, and answers the order's code."""
    page = window.page
    page.goto(house.shop)
    page.get_by_role("spinbutton", name="Live stream").fill(str(len(guests)))
    page.get_by_role("button", name="Add to cart").click()
    page.locator("a, button").filter(has_text="Proceed with checkout").click()
    page.wait_for_url("**/checkout/questions/**")
    fill_in(page, email, guests)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/checkout/payment/**")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/checkout/confirm/**")
    page.locator("form button[type=submit].btn-primary").last.click()
    page.wait_for_url(re.compile(r"/order/[A-Z0-9]+/"), timeout=30_000)
    return re.search(r"/order/([A-Z0-9]+)/", page.url)[1]


def fill_in(page, email, guests):
    page.locator("[name=email]").fill(email)
    for name, value in (("name_parts_0", "Ada"), ("name_parts_1", "Lovelace"), ("street", "Hauptstraße 1"),
                        ("zipcode", "69117"), ("city", "Heidelberg")):  # fmt: skip
        field = page.locator(f"[name={name}]")
        if not field.is_visible():
            page.locator("summary", has_text="Invoice").first.click()
        field.fill(value)
    for given, family, last in zip(
        page.locator("[name$=attendee_name_parts_0]").all(),
        page.locator("[name$=attendee_name_parts_1]").all(),
        range(len(guests)),
        strict=True,
    ):
        given.fill(guests[last].partition("@")[0].title())
        family.fill("Babbage")
        page.locator("[name$=attendee_email]").nth(last).fill(guests[last])


def panel(desk, house, code):
    """The box "Data transfer to external systems" of an order."""
    desk.page.goto(f"{house.event}orders/{code}/")
    return desk.page.locator(".panel", has_text="Data transfer to external systems").last


def until(condition, seconds=WITHIN):
    """Looks again until it holds; hands back how long it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"not within {seconds} seconds"
        time.sleep(0.3)
    return time.monotonic() - started


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


def sync_now(desk, house, code):
    """*Sync now* in the box of an order."""
    panel(desk, house, code).get_by_role("button", name="Sync now").click()
    desk.page.wait_for_load_state()


def test_earlier_order_says_why_it_is_left_out_and_goes_by_hand(desk, house):
    code = code_of(desk, house, "late@payer.example.org")
    desk.page.goto(f"{house.event}orders/{code}/transition?status=p")
    desk.page.locator("button.btn-primary.btn-save").click()
    until(lambda: "placed before the event was connected to HubSpot" in panel(desk, house, code).inner_text())
    desk.see("order-left-out", ours=False)
    sync_now(desk, house, code)
    until(lambda: "Deals: " in panel(desk, house, code).inner_text())


def code_of(desk, house, email):
    """The code of the order with this address, from the list of orders."""
    desk.page.goto(f"{house.event}orders/?query={email}")
    code = re.compile(r"^\s*[A-Z0-9]{5}\s*$")
    return desk.page.locator("a[href*='/orders/']", has_text=code).first.inner_text().strip()
