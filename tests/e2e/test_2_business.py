"""From a blank event to business customers in HubSpot: companies, consent, a new field, a value map, a label.

The order is older than the connection, so that nothing is sent before the preview was looked at.
"""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from tests.e2e.steps import add_row, checkout, edit, new_row, refresh, rows, save, until

FORUM = "forum27"
BUYER, GUEST = "lin@bolts.example.org", "mo@bolts.example.org"
bought = {}


@pytest.fixture(scope="session")
def forum(house):
    return house.at(FORUM)


@pytest.fixture(scope="session")
def customer(new_screen):
    return new_screen()


def test_an_event_is_created_from_another_one(desk, forum):
    page = desk.page
    page.goto(f"{forum.site}/control/events/add")
    desk.button("Continue").click()
    for name, value in (("name_0", "Ticketing Forum"), ("name_1", "Ticketing-Forum"), ("slug", FORUM)):
        page.fill(f"[name=basics-{name}]", value)
    page.fill("[name=basics-date_from_0]", (date.today() + timedelta(days=180)).isoformat())
    page.keyboard.press("Tab")
    page.locator("[name=basics-currency]").select_option("EUR")
    page.locator("[name=basics-no_taxes]").check()
    desk.button("Continue").click()
    page.locator("#page-wrapper .select2-selection").click()
    page.keyboard.type("TutCon")
    page.locator(".select2-results__option", has_text="TutCon").click()
    desk.button("Continue").click()
    page.wait_for_url("**/settings/?congratulations=1")
    page.goto(f"{forum.event}live/")
    desk.button("Go live").click()
    desk.says("Your shop is live now!")


def test_a_company_buys_in_the_shop(customer, forum):
    bought["code"] = checkout(customer, forum, BUYER, BUYER, GUEST, fill_in=fill_in_for_a_company)


def fill_in_for_a_company(page, email, guests):
    page.locator("[name=email]").fill(email)
    if not page.locator("[name=street]").is_visible():
        page.locator("summary", has_text="Invoice").first.click()
    page.get_by_text("Business or institutional customer").click()
    for name, value in (("company", "Bolts & Sons"), ("name_parts_0", "Lin"), ("name_parts_1", "Bolt"),
                        ("street", "Werkstraße 2"), ("zipcode", "69115"), ("city", "Heidelberg")):  # fmt: skip
        page.locator(f"[name={name}]").fill(value)
    answers = (("Lin", "Bolt", "12", "Social media", True), ("Mo", "Nut", "1", "Newsletter", False))
    for number, (given, family, years, source, consents) in enumerate(answers):
        page.locator("[name$=attendee_name_parts_0]").nth(number).fill(given)
        page.locator("[name$=attendee_name_parts_1]").nth(number).fill(family)
        page.locator("[name$=attendee_email]").nth(number).fill(guests[number])
        page.get_by_label("For how many years have you sold tickets?").nth(number).fill(years)
        page.get_by_label("How did you hear of us?").nth(number).select_option(label=source)
        page.get_by_label("May our sponsors contact you?").nth(number).set_checked(consents)


def test_the_blank_event_joins_with_one_click(desk, forum):
    desk.page.goto(forum.hubspot)
    desk.button("Use this connection", exact=False).click()
    desk.says("This event is connected to your HubSpot account.")


def test_starting_points_offer_a_conference_with_companies(desk, forum):
    desk.page.goto(forum.hubspot)
    desk.link("More starting points, copy or import").click()
    desk.page.get_by_label("B2B conference with companies", exact=False).check()
    desk.see("start")
    desk.button("Start with this").click()
    desk.says("4 object mappings have been added.")
    desk.see("business-mappings")


def test_a_field_is_created_from_the_editor(desk, forum):
    edit(desk, forum, "Order position -> Contacts")
    row = new_row(desk, "Add property")
    choose_source(row, "For how many years have you sold tickets?")
    row.get_by_role("button", name="Create HubSpot field").click()
    dialog = desk.page.get_by_role("dialog")
    expect(dialog).to_contain_text("in the group “pretix information”")
    desk.see("dialog-new-field", dialog="property.new")
    dialog.get_by_label("Label in HubSpot").fill("Years of selling tickets")
    dialog.get_by_label("Internal name").fill("years_of_selling_tickets")
    dialog.get_by_role("button", name="Create in HubSpot").click()
    expect(dialog).to_be_hidden()
    expect(row.locator("select[name$=external_field] option:checked")).to_contain_text("Years of selling tickets (")
    save(desk)


def choose_source(row, label):
    source = row.locator("select[name$=pretix_field]")
    source.select_option(source.locator("option", has_text=label).first.get_attribute("value"))


def test_values_are_mapped_and_missing_options_created(desk, forum):
    forum.create_property("heard_of_us", "Heard of us", ("Colleague", "Newsletter"))
    edit(desk, forum, "Order position -> Contacts")
    refresh(desk, forum)
    row = add_row(desk, "How did you hear of us?", "heard", "Heard of us (heard_of_us | enumeration)")
    row.get_by_role("button", name="Map values").click()
    dialog = desk.page.get_by_role("dialog")
    expect(dialog.get_by_label("A colleague").locator("option:checked")).to_have_text("Colleague")
    expect(dialog.get_by_label("Social media").locator("option:checked")).to_have_text("Please choose …")
    desk.see("dialog-value-map", dialog="mapping.values")
    dialog.get_by_role("button", name="Create missing options in HubSpot").click()
    expect(dialog).to_contain_text("The missing options have been created in HubSpot.")
    expect(dialog.get_by_label("Social media").locator("option:checked")).to_have_text("Social media")
    dialog.get_by_role("button", name="Apply").click()
    expect(row).to_contain_text("(mapped)")
    save(desk)
    expect(rows(desk).last).to_contain_text("(mapped)")


def test_a_filter_asks_for_consent(desk, forum):
    edit(desk, forum, "Order position -> Contacts")
    desk.fold_out("More options")
    desk.page.get_by_label("May our sponsors contact you? – yes").check()
    desk.see("business-filter")
    save(desk)
    assert desk.page.get_by_label("May our sponsors contact you? – yes").is_checked()


def test_an_association_gets_a_label(desk, forum):
    edit(desk, forum, "Order -> Deals")
    desk.page.get_by_label("Label in HubSpot for Order -> Contacts (optional)").fill("Buyer")
    save(desk)
    expect(desk.page.get_by_label("Label in HubSpot for Order -> Contacts (optional)")).to_have_value("Buyer")


def test_the_order_page_says_why_an_earlier_order_was_never_sent(desk, forum):
    desk.page.goto(f"{forum.event}orders/{bought['code']}/")
    desk.says("this order was placed before the event was connected to HubSpot")


def test_the_preview_shows_what_would_become_of_the_order(desk, forum):
    desk.page.goto(forum.hubspot)
    desk.link("Preview of an order", exact=False).click()
    desk.page.get_by_label("Order").fill(bought["code"])
    desk.button("Show preview", exact=False).click()
    for text in ("Bolts & Sons", "will be created", "Years of selling tickets", "Social media", "Left out"):
        desk.says(text)
    desk.see("preview")
    assert deal_of(forum, bought["code"]) is None, "a preview sends nothing"


def test_send_this_order_now(desk, forum):
    desk.button("Send this order now", exact=False).click()
    desk.says("The order has arrived in HubSpot:")
    expect(desk.link(re.compile("Deals:"))).to_be_visible()


def test_the_portal_holds_what_was_mapped(forum):
    code = bought["code"]
    until(lambda: deal_of(forum, code))
    assert deal_of(forum, code) == {
        "dealname": f"FORUM27-{code}",
        "amount": "58.0",
        "associations": {"companies": ["Bolts & Sons"], "contacts": [f"{BUYER} [Buyer]"]},
    }
    world = forum.admin("world", properties={
        "companies": ["name", "city", "zip"],
        "contacts": ["email", "firstname", "lastname", "heard_of_us", "years_of_selling_tickets"],
    })  # fmt: skip
    assert [entry for entry in world["companies"] if entry["name"] == "Bolts & Sons"] == [
        {"name": "Bolts & Sons", "city": "Heidelberg", "zip": "69115", "associations": {"contacts": [BUYER]}}
    ]
    assert [entry for entry in world["contacts"] if entry["email"] in (BUYER, GUEST)] == [
        {
            "email": BUYER,
            "firstname": "Lin",
            "lastname": "Bolt",
            "heard_of_us": "Social media",
            "years_of_selling_tickets": "12",
            "associations": {"companies": ["Bolts & Sons"]},
        }
    ]


def deal_of(house, code):
    """The deal of an order, by its name; None as long as there is none."""
    properties = {"deals": ["dealname", "amount"], "companies": ["name"], "contacts": ["email"]}
    deals = house.admin("world", properties=properties)["deals"]
    return next((entry for entry in deals if entry["dealname"] == f"FORUM27-{code}"), None)
