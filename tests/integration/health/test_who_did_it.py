"""Who did it: every entry in the logs that a person caused names that person."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pretix.base.logentrytypes import log_entry_types
from pretix.base.models import LogEntry

from pretix_hubspot.health.causes import causes
from pretix_hubspot.models import Connection

from .conftest import SETTINGS, browser, make_user
from .test_fixing import save_editor

EVENT = "/control/event/ada/conf/hubspot/"
ORGANIZER = "/control/organizer/ada/hubspot/"
OURS = "pretix_hubspot."
#: What happens without anybody.
BY_ITSELF = {"connection.revoked", "event.problems.found", "mapping.access_regained", "recovered.problems"} | {
    "resend.finished"
}


class Manager:
    """What somebody who may do everything can do to the story's event, by the pages."""

    def __init__(self, client, story):
        self.client, self.story, self.event = client, story, story.event
        self.deals = story.event.hubspot_object_mappings.get(external_object_type="deals")
        self.pause_all = f"{ORGANIZER}pause/{story.connection.pk}/"

    def post(self, page, **data):
        answer = self.client.post(page if page.startswith("/") else EVENT + page, data)
        assert answer.status_code == 302

    def save_rows(self, *rows, **more):
        """Posts the list of object mappings: (mapping or None, object type, whether it is deleted)."""
        seen = self.client.get(EVENT).content.decode().partition('name="mappings-fingerprint" value="')[2][:16]
        posted = {
            "mappings-TOTAL_FORMS": len(rows),
            "mappings-INITIAL_FORMS": sum(mapping is not None for mapping, *_ in rows),
            "mappings-fingerprint": seen,
        }
        for number, (mapping, object_type, deleted) in enumerate(rows):
            posted |= {
                f"mappings-{number}-id": mapping.pk if mapping else "",
                f"mappings-{number}-pretix_model": mapping.pretix_model if mapping else "Order",
                f"mappings-{number}-external_object_type": object_type,
                f"mappings-{number}-ORDER": number + 1,
            } | ({f"mappings-{number}-DELETE": "on"} if deleted else {})
        self.post("mappings/", confirmed="on", **posted, **more)

    def rows(self):
        return [(mapping, mapping.external_object_type, False) for mapping in self.event.hubspot_object_mappings.all()]

    def without_mappings(self):
        self.event.hubspot_object_mappings.all().delete()

    def with_another_event(self):
        self.other = self.story.add_event("other")
        self.story.add_mappings(self.other)
        self.without_mappings()

    def with_a_file(self):
        exported = self.client.get(EVENT + "export/").content
        self.file = SimpleUploadedFile("mappings.json", exported)
        self.without_mappings()

    def with_an_order(self):
        self.story.order("A1")

    def with_a_sent_order(self):
        self.with_an_order()
        self.story.sync()

    def with_a_problem(self):
        self.story.order("A1", email="not an address")
        self.story.sync()
        [self.cause] = causes(self.event)

    def with_an_outdated_order(self):
        self.with_a_sent_order()
        self.change()

    def being_sent_again(self):
        self.with_an_outdated_order()
        self.post("resend/", start="on")

    def with_a_paused_campaign(self):
        self.being_sent_again()
        self.post("resend/", pause="on")

    def without_access(self):
        Connection.objects.update(status=Connection.Status.REVOKED)

    def having_left(self):
        self.post("leave/")

    def being_paused(self):
        self.post("pause/", pause="on")
        self.post(self.pause_all, pause="on")

    def change(self):
        self.deals.property_mappings[-1]["overwrite"] = "if_empty"
        save_editor(self.client, self.deals)

    def connect(self):
        self.post("connect/token/", token=self.story.simulator.service_key)


def nothing(manager):
    """Everything is as the story begins."""


#: What was before, what is done, and what the logs say of it.
ACTS = [
    (nothing, lambda m: m.post("pause/", pause="on"), {"event.paused"}),
    (Manager.being_paused, lambda m: m.post("pause/"), {"event.resumed"}),
    (nothing, lambda m: m.post(m.pause_all, pause="on"), {"connection.paused"}),
    (Manager.being_paused, lambda m: m.post(m.pause_all), {"connection.resumed"}),
    (nothing, lambda m: m.post("options/", send_test_orders="on", log_days="3"), {"event.options.changed"}),
    (
        nothing,
        lambda m: m.post("digest/", digest="daily", digest_to="boss@example.org"),
        {"event.digest.changed"},
    ),
    (nothing, lambda m: m.save_rows(*m.rows(), (None, "companies", False)), {"mapping.added"}),
    (nothing, lambda m: m.save_rows(*reversed(m.rows())), {"mapping.changed"}),
    (nothing, lambda m: m.save_rows(*m.rows()[:-1], (m.deals, "deals", True)), {"mapping.deleted"}),
    (
        Manager.with_a_sent_order,
        lambda m: m.save_rows(*m.rows()[:-1], (m.deals, "deals", True), remove_records="on"),
        {"mapping.deleted", "removal.started"},
    ),
    (nothing, Manager.change, {"mapping.changed"}),
    (nothing, lambda m: m.post(f"mapping/{m.deals.pk}/property/"), {"mapping.changed"}),
    (Manager.without_mappings, lambda m: m.post("suggest/"), {"mapping.added"}),
    (Manager.without_mappings, lambda m: m.post("start/", how="point", point="newsletter"), {"mapping.added"}),
    (Manager.with_another_event, lambda m: m.post("start/", how="copy", event=m.other.pk), {"mapping.added"}),
    (Manager.with_a_file, lambda m: m.post("start/", how="file", file=m.file), {"mapping.added"}),
    (Manager.with_an_order, lambda m: m.client.post(EVENT + "preview/", {"code": "A1"}), {"order.previewed"}),
    (
        Manager.with_a_problem,
        lambda m: m.post("problems/retry/", cause=m.cause.key, confirmed="on"),
        {"event.problems.retried"},
    ),
    (
        Manager.with_a_problem,
        lambda m: m.post("problems/dismiss/", cause=m.cause.key, confirmed="on"),
        {"event.problems.dismissed", "order.dismissed"},
    ),
    (Manager.with_a_problem, lambda m: m.post("order/A1/ignore/"), {"order.ignored"}),
    (Manager.with_an_outdated_order, lambda m: m.post("resend/", start="on"), {"resend.started"}),
    (Manager.being_sent_again, lambda m: m.post("resend/", pause="on"), {"resend.paused"}),
    (Manager.with_a_paused_campaign, lambda m: m.post("resend/", resume="on"), {"resend.resumed"}),
    (Manager.being_sent_again, lambda m: m.post("resend/", cancel="on", confirmed="on"), {"resend.canceled"}),
    (nothing, lambda m: m.post("leave/"), {"event.left"}),
    (Manager.having_left, lambda m: m.post("join/", connection=m.story.connection.pk), {"event.joined"}),
    (nothing, lambda m: m.post("disconnect/"), {"connection.disconnected"}),
    (Manager.without_access, Manager.connect, {"connection.reconnected", "recovered.connection"}),
]


def logged():
    """Action and person of every entry of ours."""
    entries = LogEntry.objects.filter(action_type__startswith=OURS).values_list("action_type", "user__email")
    return {(action.removeprefix(OURS), person) for action, person in entries}


@pytest.mark.parametrize(("before", "act", "actions"), ACTS, ids=[" ".join(sorted(actions)) for *_, actions in ACTS])
def test_the_logs_name_who_did_it(client, story, before, act, actions):
    manager = Manager(client, story)
    before(manager)
    LogEntry.objects.update(user=None)  # they stay, since they say what is outdated
    earlier = logged()

    act(manager)

    assert logged() - earlier == {(action, "manager@example.org") for action in actions}


def test_a_first_connection_names_who_made_it(client, story):
    Connection.objects.all().delete()
    LogEntry.objects.all().delete()

    client.post(EVENT + "connect/token/", {"token": story.simulator.service_key})

    assert logged() == {("connection.created", "manager@example.org"), ("event.joined", "manager@example.org")}


def test_whoever_asks_for_a_connection_is_named(story, manager):
    LogEntry.objects.all().delete()

    browser(make_user(story, "planner", (SETTINGS,))).post(EVENT + "connect/ask/")

    assert logged() == {("event.connection.asked", "planner@example.org")}


def test_every_entry_of_ours_is_done_above_or_by_itself():
    done = {action for *_, actions in ACTS for action in actions}
    done |= {"connection.created", "event.connection.asked"}

    ours = {name.removeprefix(OURS) for name in log_entry_types.by_key["action_type"] if name.startswith(OURS)}

    assert ours == done | BY_ITSELF
