"""The pages that no story passes, and the proof that every page of the plugin was looked at."""

from tests.e2e import pages
from tests.e2e.steps import checkout, edit, until


def test_check_connection(desk, house):
    desk.page.goto(f"{house.hubspot}check/")
    desk.see("check")
    desk.button("Check connection", exact=False).click()
    desk.says("For a support request")
    desk.see("check-result")


def test_log_of_runs_and_of_one_order(desk, house):
    desk.page.goto(f"{house.hubspot}log/")
    desk.see("log")
    desk.page.locator("td a").first.click()
    desk.says("Run of")
    desk.see("log-run")
    desk.page.goto(f"{house.hubspot}log/?order=A")
    desk.see("log-order")


def test_lists_of_orders(desk, house):
    for state in ("in_sync", "waiting", "failing", "excluded", "not_in_scope"):
        desk.page.goto(f"{house.hubspot}orders/{state}/")
        desk.see(f"orders-{state}")


def test_sending_again_after_a_change(desk, house):
    edit(desk, house, "Order -> Deals")
    desk.page.locator("select[name$=overwrite]").last.select_option(label="Fill if new")
    desk.button("Save").click()
    desk.link("Send them again").first.click()
    desk.says("with older object mappings.")
    desk.see("resend")
    desk.button("Send them again").click()
    desk.see("resend-progress")


def test_problems_by_cause(desk, house, new_screen):
    house.people("archive_property", type="contacts", name="order_state")
    code = checkout(new_screen(), house, "uma@wires.example.org", "ugo@wires.example.org")
    until(lambda: code in failing(desk, house))
    desk.see("failing-order")
    desk.page.goto(f"{house.hubspot}problems/")
    desk.says("order_state")
    desk.see("problems")
    desk.button("Dismiss").first.click()  # HubSpot refused it for some orders, and pretix knew it for others
    desk.says("not tried again, and pretix no longer warns")
    desk.see("problems-dismiss")
    desk.link("Cancel").click()
    desk.page.locator("summary", has_text="Stay informed").click()
    desk.page.locator("[name=digest]").select_option(index=1)
    desk.page.locator("[name=digest_to]").fill("nobody")
    desk.page.locator("form[action$='/digest/'] button").click()
    desk.see("digest-refused")


def failing(desk, house):
    desk.page.goto(f"{house.hubspot}orders/failing/")
    return desk.text()


def test_pause(desk, house):
    desk.page.goto(house.hubspot)
    desk.button("Pause the transfer").click()
    desk.says("paused the transfer on")
    desk.see("paused")
    desk.button("Resume the transfer").click()
    desk.says("The transfer has been resumed.")


def test_start_where_mappings_are_and_the_organizers_disconnect(desk, house):
    desk.page.goto(f"{house.hubspot}start/")
    desk.says("This event has object mappings already.")
    desk.see("start-mapped")
    desk.page.goto(f"{house.organizer}hubspot/")
    desk.link("Disconnect").first.click()
    desk.says("Are you sure you want to disconnect portal")
    desk.see("organizer-disconnect")


def test_a_return_from_hubspot_that_nobody_started(desk, house):
    with desk.tolerating("answered 400"):
        desk.page.goto(f"{house.site}/control/hubspot/oauth/return/?state=made-up&code=made-up")
        desk.says("This authorization was not started here.")
        desk.see("oauth-refused")


def test_every_page_of_the_plugin_was_looked_at(judged):
    assert pages.all_names() - judged == set(pages.NO_PAGES)
