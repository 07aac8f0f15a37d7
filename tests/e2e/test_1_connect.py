"""Enable the plugin and connect: by HubSpot's consent page first, by a token at the very end (test_7)."""

import re

from playwright.sync_api import expect


def plugin(desk, house):
    desk.page.goto(f"{house.event}settings/plugins")
    desk.page.get_by_role("tab", name="Integrations").or_(desk.page.get_by_role("link", name="Integrations")).click()
    return desk.page.locator("#plugin_pretix_hubspot")


def test_plugin_is_enabled_among_the_integrations(desk, house):
    plugin(desk, house).get_by_role("button", name="Disable").click()  # the demo has it enabled
    box = plugin(desk, house)
    expect(box).to_contain_text("Automatically transfer order and attendee data to your HubSpot CRM.")
    desk.see("plugins-integrations", ours=False)
    box.get_by_role("button", name="Enable").click()
    box = plugin(desk, house)
    expect(box).to_contain_text("Active")
    box.get_by_role("button", name="Settings").click()
    desk.see("plugins-enabled", ours=False)
    box.get_by_role("link", name=re.compile("HubSpot")).click()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("HubSpot Integration")


def test_page_before_connecting(desk, house):
    desk.page.goto(house.hubspot)
    desk.says("Automatically transfer order and attendee data to your HubSpot CRM.")
    desk.says("This event is not yet connected to a HubSpot account.")
    desk.see("request-access")
    desk.fold_out("Use a service key or private app token")
    desk.see("service-key")


def test_denied_access_changes_nothing(desk, house):
    desk.page.goto(house.hubspot)
    desk.button("Request access").click()
    desk.page.get_by_role("button", name="Cancel").click()
    desk.page.wait_for_url(house.hubspot)
    desk.says("Access was denied in HubSpot. Nothing has been changed.")
    desk.says("This event is not yet connected to a HubSpot account.")
    desk.see("access-denied")


def test_wrong_token_is_refused(desk, house):
    desk.page.goto(house.hubspot)
    desk.fold_out("Use a service key or private app token")
    desk.page.locator("[name=token]").fill("pat-eu1-00000000-0000-4000-8000-000000000000")
    desk.button("Connect").click()
    desk.says("HubSpot does not accept this token.")
    desk.see("wrong-token")


def test_access_is_granted_by_keyboard(desk, house):
    desk.page.goto(house.hubspot)
    desk.reach_by_keyboard(desk.button("Request access"))
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("to HubSpot")
    desk.see("consent", ours=False)
    desk.page.get_by_role("button", name="Connect app").click()
    desk.page.wait_for_url(house.hubspot)
    desk.says("The HubSpot integration is now active.")
    desk.says("This event is connected to your HubSpot account.")
    expect(desk.button("Start with a suggestion")).to_be_visible()
    desk.see("integration-active")


def test_portal_and_access_are_described(desk, house):
    desk.page.goto(house.hubspot)
    desk.says(f"Portal ID: {house.portal_id}")
    assert house.portal in desk.link(re.compile(house.portal_id)).get_attribute("href")
    desk.fold_out("Access token info")
    for text in ("Authorized with", "Last refreshed", "Granted scopes", "crm.objects.contacts.write", "Time zone"):
        desk.says(text)
    desk.see("access-token-info")
