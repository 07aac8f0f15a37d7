"""What people see who may not do everything: they ask for a connection, and pages count what they may not see.

Then values that are searched, since there are many, and the organizer's way out once the plugin is disabled.
The organizer's permissions change in the database: how pretix gives them is not ours to play.
"""

import json

import pytest
from playwright.sync_api import expect

from demo.names import CONFERENCE
from tests.e2e.conftest import log_in
from tests.e2e.house import running_house
from tests.e2e.steps import add_row, edit, refresh, rows, save

COUNTRIES = ("Austria", "France", "Germany", "Italy", "Japan", "Switzerland")
CHANGE_EVENTS = {"event.settings.general:write": True, "event.orders:read": True, "event.orders:write": True}
EVERYTHING = {"all_events": 1, "all_event_permissions": 1, "all_organizer_permissions": 1}


@pytest.fixture(scope="module")
def house(device, tmp_path_factory):
    """A demo of its own, since it ends with the plugin disabled."""
    with running_house(tmp_path_factory.mktemp(f"people-{device}")) as house:
        yield house


@pytest.fixture(scope="module")
def desk(house, new_screen):
    return log_in(new_screen(), house)


def may(house, **columns):
    """What the person at the desk may do from now on."""
    columns = EVERYTHING | columns
    values = ", ".join(f"{name} = ?" for name in columns)
    house.run(f"UPDATE pretixbase_team SET {values} WHERE name = 'Organisers'", *columns.values())


def twin(house, table, **changes):
    """A second row like the only one of this table; its id."""
    columns = [column for _id, column, *_more in house.run(f"PRAGMA table_info({table})") if column != "id"]
    chosen = ", ".join("?" if column in changes else column for column in columns)
    values = [changes[column] for column in columns if column in changes]
    house.run(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM {table} LIMIT 1", *values)
    return house.value(f"SELECT max(id) FROM {table}")


def test_an_event_manager_asks_for_the_connection(desk, house):
    owner = twin(house, "pretixbase_user", email="owner@example.org", session_token="of-the-owner")
    owners = twin(house, "pretixbase_team", name="Owners")
    house.run("INSERT INTO pretixbase_team_members (team_id, user_id) VALUES (?, ?)", owners, owner)
    may(house, all_event_permissions=0, limit_event_permissions=json.dumps(CHANGE_EVENTS), all_organizer_permissions=0)
    desk.page.goto(house.hubspot)
    desk.says("you need the permission to change the settings of the organizer")
    expect(desk.button("Request access")).to_have_count(0)
    desk.see("ask")
    desk.button("Ask for the connection", exact=False).click()
    desk.says("One person who may connect HubSpot has been asked by email.")
    desk.says("Those who have this permission were asked by email on")
    expect(desk.button("Ask for the connection", exact=False)).to_have_count(0)
    desk.see("asked")


def test_events_that_somebody_may_not_see_are_counted(desk, house):
    may(house)
    connect(desk, house)
    desk.page.goto(f"{house.walks}hubspot/")
    desk.button("Use this connection", exact=False).click()
    desk.says("This event is connected to your HubSpot account.")
    conference = house.value("SELECT id FROM pretixbase_event WHERE slug = ?", CONFERENCE)
    may(house, all_events=0)
    team = house.value("SELECT id FROM pretixbase_team WHERE name = 'Organisers'")
    house.run("INSERT INTO pretixbase_team_limit_events (team_id, event_id) VALUES (?, ?)", team, conference)
    desk.page.goto(f"{house.organizer}hubspot/")
    desk.says("Also used by: One event that you do not have access to")
    assert "City walks" not in desk.text()
    desk.see("organizer-hidden-events")
    desk.link("Disconnect").click()
    desk.says("One event that you do not have access to")
    assert "City walks" not in desk.text()
    desk.see("organizer-disconnect-hidden-events")
    may(house)


def test_many_values_are_searched(desk, house):
    desk.page.goto(house.hubspot)
    desk.button("Start with a suggestion").click()
    desk.says("3 object mappings have been added.")
    house.create_property("tax_country", "Tax country", COUNTRIES)
    edit(desk, house, "Order -> Contacts")
    refresh(desk, house)
    row = add_row(desk, "Invoice address country", "tax", "Tax country (tax_country | enumeration)", look=False)
    row.get_by_role("button", name="Map values").click()
    dialog = desk.page.get_by_role("dialog")
    germany, france, iceland = (
        dialog.get_by_label(name, exact=False).first for name in ("Germany", "France", "Iceland")
    )
    expect(germany).to_have_value("Germany")  # proposed
    expect(iceland).to_have_value("")
    desk.see("dialog-value-map-searched", dialog="mapping.values")
    iceland.fill("Atlantis")
    dialog.get_by_role("button", name="Apply").click()
    assert "HubSpot has no such option" in iceland.evaluate("field => field.validationMessage")
    iceland.fill("Switzerland")
    france.fill("Leave empty in HubSpot")
    dialog.get_by_role("button", name="Apply").click()
    expect(row).to_contain_text("(mapped)")
    save(desk)
    rows(desk).last.get_by_role("button", name="Map values").click()
    expect(iceland).to_have_value("Switzerland")
    expect(france).to_have_value("Leave empty in HubSpot")
    dialog.get_by_role("button", name="Cancel").click()


def test_an_organizer_whose_plugin_is_disabled_can_still_disconnect(desk, house):
    for table in ("pretixbase_event", "pretixbase_organizer"):
        house.run(f"UPDATE {table} SET plugins = 'pretix.plugins.banktransfer'")
    desk.page.goto(f"{house.organizer}hubspot/")
    desk.says("The HubSpot plugin is disabled for this organizer. Nothing is sent")
    expect(desk.button("Request access")).to_have_count(0)
    desk.see("organizer-disabled")
    desk.link("Disconnect").click()
    desk.see("organizer-disabled-disconnect")
    desk.button("Disconnect").click()
    desk.page.wait_for_url(house.organizer)
    desk.says("HubSpot has been disconnected.")
    assert house.value("SELECT status FROM pretix_hubspot_connection") == "disconnected"


def connect(desk, house):
    desk.page.goto(house.hubspot)
    desk.fold_out("Use a service key or private app token")
    desk.page.locator("[name=token]").fill(house.service_key)
    desk.button("Connect").click()
    desk.says("The HubSpot integration is now active.")
