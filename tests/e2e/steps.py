"""What people do in more than one of the stories: in the editor, in the shop, at an order."""

import re
import time

from playwright.sync_api import expect

ROWS = "[data-formset-body] [data-formset-form]"
WITHIN = 10  # seconds between the shop's confirmation and HubSpot


def rows(desk):
    return desk.page.locator(ROWS).filter(visible=True)


def edit(desk, house, title):
    """Opens the editor of the mapping with this title."""
    desk.page.goto(house.hubspot)
    row = next(row for row in rows(desk).all() if " -> ".join(chosen(row)) == title)
    row.get_by_role("link", name="Edit mapping").click()
    desk.says(f"Object mapping: {title}")


def chosen(row):
    """What a row of the editor says: pretix field, HubSpot field, mode."""
    return [" ".join(select.locator("option:checked").inner_text().split()) for select in row.locator("select").all()]


def save(desk):
    desk.button("Save").click()
    desk.says("Your changes have been saved.")


def refresh(desk, house):
    """*Refresh from HubSpot*, a minute after the last time."""
    house.let_a_minute_pass()
    desk.button("Refresh from HubSpot", exact=False).click()
    desk.says("Object types and properties have been refreshed from HubSpot.")


def new_row(desk, button):
    """Adds a row to a list; hands it back when it has unfolded, since until then the last one is its neighbour."""
    desk.page.wait_for_load_state()  # its message is shown before its last rows have come
    before = rows(desk).count()
    desk.button(button, exact=False).click()
    expect(rows(desk)).to_have_count(before + 1)
    desk.settle()
    return rows(desk).nth(before)


def add_row(desk, source, words, found, look=True):
    """Adds a property and searches its HubSpot field, as a person does; ``look`` has the list judged."""
    row = new_row(desk, "Add property")
    option = row.locator("select").first.locator("option", has_text=source).first
    row.locator("select").first.select_option(option.get_attribute("value"))
    row.locator(".select2-selection").click()
    search = desk.page.locator(".select2-container--open .select2-search__field")
    expect(search).to_be_focused()
    desk.page.keyboard.type(words)
    expect(desk.page.locator(".select2-results__option").first).to_have_text(found)
    if look:
        desk.see(f"editor-search-{words.replace(' ', '-')}")
    search.press("Enter")
    return row


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


def checkout(window, house, email, *guests, fill_in=fill_in):
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


def code_of(desk, house, email):
    """The code of the order with this address, from the list of orders."""
    desk.page.goto(f"{house.event}orders/?query={email}")
    code = re.compile(r"^\s*[A-Z0-9]{5}\s*$")
    return desk.page.locator("a[href*='/orders/']", has_text=code).first.inner_text().strip()


def sync_now(desk, house, code):
    """*Sync now* in the box of an order."""
    panel(desk, house, code).get_by_role("button", name="Sync now").click()
    desk.page.wait_for_load_state()
