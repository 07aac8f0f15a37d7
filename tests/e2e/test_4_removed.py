"""Orders that are canceled, where the organizer wants their deals removed from HubSpot."""

import pytest

from tests.e2e.steps import checkout, edit, panel, save, until

UPDATE, REMOVE = "Update what has been sent", "Remove the object from HubSpot"


@pytest.fixture(scope="session")
def caller_off(new_screen):
    return new_screen()


def test_the_deal_of_a_canceled_order_is_removed_where_the_organizer_chose_so(desk, caller_off, house):
    choose(desk, house, REMOVE)
    code = checkout(caller_off, house, "zoe@engines.example.org", "zoe@engines.example.org")
    deal = f"TUTCON27-{code}"
    until(lambda: deal in deals(house))

    desk.page.goto(f"{house.event}orders/{code}/transition?status=c")
    desk.page.locator("form button[type=submit].btn-danger").last.click()
    desk.page.wait_for_load_state()

    until(lambda: deal not in deals(house))
    assert "zoe@engines.example.org" in contacts(house)
    until(lambda: "Deals: " not in panel(desk, house, code).inner_text())
    desk.see("order-removed", ours=False)
    choose(desk, house, UPDATE)


def choose(desk, house, canceled):
    """Chooses in the deals' mapping what becomes of canceled orders."""
    edit(desk, house, "Order -> Deals")
    desk.fold_out("More options")
    desk.page.locator("[name=options-canceled]").select_option(label=canceled)
    save(desk)


def deals(house):
    return {entry["dealname"] for entry in house.admin("world", properties={"deals": ["dealname"]})["deals"]}


def contacts(house):
    return {entry["email"] for entry in house.admin("world", properties={"contacts": ["email"]})["contacts"]}
