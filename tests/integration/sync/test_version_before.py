"""What the version before stored is understood: nothing is sent again that did not change, and no link is lost.

``stored_by_the_version_before.json`` was written by that version, from this very shop. What it stored in another way is
migrated first.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from django_scopes import scopes_disabled
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult

from hubspot_simulator import Property
from pretix_hubspot.mappings.spec import BUYER, FIRST, NEWEST
from pretix_hubspot.models import Connection, KnownRecord, ObjectMapping, OrderState, RecordLink, RecordUse
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.ownership import Contributor, rank
from pretix_hubspot.sync.queue import outdated_orders
from pretix_hubspot.sync.queue.triggers import Trigger
from pretix_hubspot.sync.run import forgetting
from pretix_hubspot.sync.run.owners import owners

from .story import KEY, Story
from .version_before import migrate

STORED = Path(__file__).with_name("stored_by_the_version_before.json")
FIRST_KEY = 7_000_000  # primary keys are part of what is remembered
TICKET_KEY = "pretix_ticket_key"


class Shop(Story):
    """The conference, with primary keys that are always the same, and one of each thing that is remembered."""

    def add_event(self, slug):
        return super().add_event(slug, pk=FIRST_KEY)

    def add_mapping(self, event, source, object_type, identifier, rows):
        number = event.hubspot_object_mappings.count()
        return super().add_mapping(event, source, object_type, identifier, rows, pk=FIRST_KEY + number)

    def add_mappings(self, event):
        buyer, attendee, deal = super().add_mappings(event)
        ticket = self.add_mapping(
            event, "OrderPosition", "tickets", ("position_key", TICKET_KEY), [("ticket_id", "subject", "overwrite")]
        )
        ticket.association_mappings = [{"mapping": deal.pk}]
        ticket.save()
        ObjectMapping.objects.filter(pk=buyer.pk).update(options={"same_address": "newest"})
        return buyer, attendee, deal

    def order(self, number, **values):
        pk = FIRST_KEY + number
        return super().order(f"A{number}", pk=pk, datetime=datetime(2026, 11, 1, number, tzinfo=UTC), **values)

    def position(self, order, number, *person):
        pk = order.pk * 10 + number
        return super().position(order, number, *person, pk=pk, secret=f"secret-{pk}")

    def fill(self):
        self.joined.joined_at = datetime(2026, 10, 1, tzinfo=UTC)
        self.joined.save()
        self.order(1, email="ada@example.org", attendees=[("ada@example.org", "Ada", "Lovelace")])
        self.order(2, email="ada@example.org", attendees=[("grace@example.org", "Grace", "Hopper")])
        self.order(
            3, email="alan@example.org", status="p", attendees=[("", "Alan", ""), ("joan@example.org", "Joan", "")]
        )
        self.order(4, email="joan@example.org", status="c")
        self.order(5, email="test@example.org", testmode=True)
        self.order(6, email="no address")


@pytest.fixture
def shop(db, served):
    for object_type, name, group in (("deals", KEY, "dealinformation"), ("tickets", TICKET_KEY, "ticketinformation")):
        definition = Property(name, name, "string", "text", group, unique=True)
        served.portal.schema.create(object_type, definition)
    with scopes_disabled():
        shop = Shop(served)
        shop.fill()
        yield shop


def stored():
    """Everything that decides about later transfers, by order and mapping."""
    states = OrderState.objects.order_by("order").values(
        "order",
        "portal_id",
        "sent_hash",
        "planner",
        "by_hand",
        "log_count",
        "associated",
        "excluded_reason",
        "problem",
        "cause",
    )
    links = RecordLink.objects.order_by("object_type", "key").values(
        "portal_id", "object_type", "key", "record_id", "sent_hash", "url", "owner"
    )
    results = OrderSyncResult.objects.order_by("order", "pk").values(
        "order", "order_position", "sync_provider", "mapping_id", "external_object_type", "external_id_field",
        "id_value", "external_link_href", "external_link_display_name", "sync_info",
    )  # fmt: skip
    return {"states": list(states), "links": list(links), "results": list(results)}


def restore(rows):
    """Put these rows in the place of all others."""
    for model in (OrderState, RecordLink, KnownRecord, OrderSyncResult):
        model.objects.all().delete()
    Connection.objects.update(hash_key="")
    for model, name in ((OrderState, "states"), (RecordLink, "links"), (OrderSyncResult, "results")):
        for row in rows[name]:
            keys = {f"{key}_id" if key in ("order", "order_position") else key: value for key, value in row.items()}
            model.objects.create(**keys)


def writes(served):
    return [
        f"{r.method} {r.path}" for r in served.requests if r.method != "GET" and not r.path.endswith(("read", "search"))
    ]


@pytest.fixture
def upgraded(shop):
    """HubSpot holds what the version before sent; the database holds what it stored, migrated."""
    shop.sync()
    restore(json.loads(STORED.read_text()))
    migrate()
    shop.simulator.requests.clear()
    return shop


def remembered():
    """(object type, record id, hash of what was sent, users) of each record."""
    records = KnownRecord.objects.order_by("object_type", "record_id").prefetch_related("uses")
    return [
        (r.object_type, r.record_id, r.sent_hash, sorted((u.label, u.mapping_id, u.state) for u in r.uses.all()))
        for r in records
    ]


def associations():
    """The associations that are remembered, by order."""
    uses = RecordUse.objects.select_related("record")
    made = [(u.subject_pk, u.record.object_type, u.record_number, *to) for u in uses for to in u.associated]
    return sorted(made)


def test_nothing_is_sent_again_that_did_not_change(upgraded):
    before, records, made, old = upgraded.world(), remembered(), associations(), stored()["links"]
    for order in upgraded.event.orders.exclude(pk__in=[FIRST_KEY + 5, FIRST_KEY + 6]):
        upgraded.queue(order)

    upgraded.sync()

    assert writes(upgraded.simulator) == []
    assert (upgraded.world(), remembered(), associations(), stored()["links"]) == (before, records, made, old)


def requests_of_a_comparison(shop):
    """The requests for which every record is planned anew, as after a change of mappings."""
    OrderState.objects.update(sent_hash="")
    for order in shop.event.orders.exclude(pk__in=[FIRST_KEY + 5, FIRST_KEY + 6]):
        shop.queue(order)
    shop.simulator.requests.clear()
    shop.sync()
    return [f"{request.method} {request.path}" for request in shop.simulator.requests]


def test_a_comparison_takes_the_same_requests_as_if_all_had_been_sent_by_this_version(shop):
    """Joan's contact is read, in which two policies meet; nothing is looked up, and nothing is written."""
    shop.sync()
    expected = requests_of_a_comparison(shop)
    restore(json.loads(STORED.read_text()))
    migrate()

    assert requests_of_a_comparison(shop) == expected == ["POST /crm/objects/2026-03/contacts/batch/read"]


def test_the_memory_holds_what_links_result_rows_and_states_said(shop):
    shop.sync()
    fresh = [(object_type, record_id, uses) for object_type, record_id, _, uses in remembered()]
    made = associations()
    restore(json.loads(STORED.read_text()))
    migrate()

    assert [(object_type, record_id, uses) for object_type, record_id, _, uses in remembered()] == fresh
    assert associations() == made


def test_the_version_before_finds_its_tables_as_they_were(upgraded):
    before = json.loads(STORED.read_text())

    assert {**stored(), "results": []} == {**before, "results": []}
    results = [{**row, "sync_info": {**row["sync_info"]}} for row in before["results"]]
    for row in results:
        row["sync_info"].pop("key", None)
    assert stored()["results"] == results


def contributors():
    """By contact, who wrote into it, as the result rows of the version before tell."""
    found = {}
    for row in json.loads(STORED.read_text())["results"]:
        if row["external_object_type"] == "contacts":
            contributor = Contributor(Subject.of_order(row["order"]), row["order_position"])
            found.setdefault(row["sync_info"]["record"], []).append(contributor)
    return found


def owners_by(policy):
    """By contact, its owner outside of a plan without any order."""
    contacts = {("contacts", r.record_id): r.pk for r in KnownRecord.objects.filter(object_type="contacts")}
    plan = SimpleNamespace(records={ref: SimpleNamespace(policy=policy) for ref in contacts}, subjects=())
    return {ref[1]: (owner.subject, owner.part) for ref, owner in owners(plan, contacts).items()}


@pytest.mark.parametrize("policy", [NEWEST, FIRST, BUYER])
def test_owners_follow_from_uses(upgraded, policy):
    expected = contributors()
    first = {record: min(of, key=lambda each: rank(policy, each)) for record, of in expected.items()}
    assert owners_by(policy) == {record: (each.subject, each.part) for record, each in first.items()}

    forgetting.order_deleted(FIRST_KEY + 2)
    left = {record: [each for each in of if each.subject.pk != FIRST_KEY + 2] for record, of in expected.items()}
    first = {record: min(of, key=lambda each: rank(policy, each)) for record, of in left.items() if of}
    assert owners_by(policy) == {record: (each.subject, each.part) for record, each in first.items()}


def test_the_newest_owner_is_that_of_the_version_before(upgraded):
    """Ada has ordered twice; her contact was A2's, and is again."""
    ada = RecordLink.objects.get(owner__label="A2")
    assert owners_by(NEWEST)[ada.record_id] == (Subject.of_order(ada.owner["order"]), ada.owner["position"])


def test_an_attendee_who_is_replaced_is_detached(upgraded):
    ObjectMapping.objects.filter(pk=FIRST_KEY + 1).update(options={"replaced": "detach"}, revision=2)
    order = upgraded.event.orders.get(code="A2")
    order.positions.update(attendee_email="edsger@example.org")
    upgraded.queue(order)

    upgraded.sync()

    [deal] = [deal for deal in upgraded.world()["deals"] if deal[KEY].endswith("/A2")]
    assert deal["associations"]["contacts"] == ["ada@example.org", "edsger@example.org"]


def test_canceled_positions_are_known(upgraded):
    """Their tickets are updated like those of any order; one that was never sent would be left out."""
    order = upgraded.event.orders.get(code="A2")
    order.positions.update(canceled=True)
    ObjectMapping.objects.filter(pk=FIRST_KEY + 3).update(revision=2)
    upgraded.queue(order)

    upgraded.sync()

    assert ("A2-1", FIRST_KEY + 3, "sent") in [use for *_, uses in remembered() for use in uses]


def test_the_page_offers_nothing_to_send_again(upgraded):
    assert not outdated_orders.outdated(upgraded.event).exists()


def test_what_changes_reaches_the_records_that_are_there(upgraded):
    order = upgraded.event.orders.get(code="A3")
    order.total = Decimal("250.00")
    order.save()
    upgraded.queue(order)

    upgraded.sync()

    assert writes(upgraded.simulator) == ["POST /crm/objects/2026-03/deals/batch/update"]
    assert [d["amount"] for d in upgraded.world()["deals"] if d[KEY].endswith("/A3")] == ["250.0"]


def test_a_repaired_order_is_tried_again(upgraded):
    order = upgraded.event.orders.get(code="A6")
    order.email = "edsger@example.org"
    order.save()
    upgraded.queue(order, Trigger.SYNC_NOW)

    upgraded.sync()

    assert not OrderSyncQueue.objects.exists()
    assert OrderState.objects.get(order=order).problem is None
    assert "edsger@example.org" in [contact["email"] for contact in upgraded.world()["contacts"]]


def test_the_shredder_forgets_what_the_version_before_stored(upgraded):
    """No plain hash of an address stays behind, nor of any record that only this event used."""
    forgetting.shred(RecordUse.objects.filter(event=upgraded.event))

    assert list(RecordLink.objects.values_list("object_type", "record_id")) == []
    assert not KnownRecord.objects.exists()
