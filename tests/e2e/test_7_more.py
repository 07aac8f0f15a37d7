"""Beyond one event: joining, the wizard, the organizer's page, German, and the way out."""

import re

from playwright.sync_api import expect


def test_second_event_joins_with_one_click(desk, house):
    desk.page.goto(f"{house.walks}hubspot/")
    desk.says(f"portal {house.portal_id}")
    desk.see("join")
    desk.button("Use this connection", exact=False).click()
    desk.says("This event is connected to your HubSpot account.")


def test_wizard_from_choice_to_test_order(desk, house):
    desk.page.goto(f"{house.walks}hubspot/")
    desk.link("Set up step by step").click()
    desk.see("wizard-choose")
    desk.button("Continue").click()
    desk.says("This is what pretix suggests.")
    desk.see("wizard-review")
    desk.button("Back").click()
    desk.button("Continue").click()
    desk.button("Add these object mappings").click()
    desk.says("send one real order now")
    desk.see("wizard-try")
    desk.page.locator("select[name=order]").select_option(index=1)
    desk.button("Send this order", exact=False).click()
    result = desk.page.locator("[data-hubspot-poll]")
    expect(result).to_contain_text("The order has arrived in HubSpot:", timeout=30_000)
    expect(result.get_by_role("link", name=re.compile("Deals:"))).to_be_visible()
    desk.see("wizard-arrived")
    desk.link("Finish").click()
    desk.says("Object mappings")


def test_leaving_asks_first(desk, house):
    desk.page.goto(f"{house.walks}hubspot/")
    desk.link("Stop using it in this event").click()
    desk.see("leave")
    desk.link("Cancel").click()
    desk.says("This event is connected to your HubSpot account.")


def test_organizer_page_lists_the_events(desk, house):
    desk.page.goto(f"{house.organizer}hubspot/")
    desk.says("Events that use this connection")
    desk.says("City walks")
    desk.see("organizer")


def test_pages_in_german(desk, house):
    speak(desk, house, "de")
    try:
        desk.page.goto(house.hubspot)
        editor = house.site + desk.page.locator("a[href*='/hubspot/mapping/']").first.get_attribute("href")
        addresses = {
            "settings": house.hubspot,
            "organizer": f"{house.organizer}hubspot/",
            "editor": editor,
            "log": f"{house.hubspot}log/",
        }
        for name, address in addresses.items():
            desk.page.goto(address)
            assert desk.page.locator("html").get_attribute("lang") in ("de", None)
            desk.see(f"german-{name}")
            see_beside_the_menu(desk, f"german-{name}")
    finally:
        speak(desk, house, "en")


def see_beside_the_menu(desk, name):
    """The narrowest windows in which rows are as on a desk, while pretix' menu takes a quarter of them."""
    if desk.is_phone:
        return
    size = desk.page.viewport_size
    for width in (992, 1199):
        desk.page.set_viewport_size({**size, "width": width})
        desk.see(f"{name}-{width}")
    desk.page.set_viewport_size(size)


def speak(desk, house, locale):
    desk.page.goto(f"{house.site}/control/settings/")
    desk.page.locator("[name=locale]").select_option(locale)
    desk.page.locator("form button[type=submit]").last.click()
    desk.page.wait_for_load_state()


def test_disconnecting_asks_first(desk, house):
    desk.page.goto(house.hubspot)
    desk.link("Disconnect").click()
    desk.says(f"Are you sure you want to disconnect portal {house.portal_id}?")
    desk.says("This affects all events that use this connection:")
    desk.see("disconnect")
    desk.link("Cancel").click()
    desk.says("This event is connected to your HubSpot account.")
    desk.link("Disconnect").click()
    desk.button("Disconnect").click()
    desk.says("This event is not yet connected to a HubSpot account.")
    desk.see("disconnected")


def test_token_connects_to_the_same_portal_again(desk, house):
    desk.page.goto(house.hubspot)
    desk.fold_out("Use a service key or private app token")
    desk.page.locator("[name=token]").fill(house.service_key)
    desk.button("Connect").click()
    desk.says("The HubSpot integration is now active.")
    expect(desk.link("Edit mapping", exact=False)).to_have_count(3)  # the mappings are still there
    desk.fold_out("Access token info")
    assert house.service_key not in desk.page.content()
    desk.see("connected-with-token")
