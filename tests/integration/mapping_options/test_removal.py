"""Records of what was canceled are removed from HubSpot where a mapping says so, and only those that are ours alone."""

from decimal import Decimal

import pytest
from django.utils.timezone import now
from pretix.base.models import Order, OrderPosition
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult

from pretix_hubspot.models import KnownRecord, OrderState, RecordUse, Run, RunEntry
from tests.integration.sync.story import KEY
from tests.interruptions import raising

TICKET_KEY = "pretix_position_key"
ARCHIVE = "/crm/objects/.*/tickets/batch/archive"
BOTH = ["ADA/CONF/A1-1", "ADA/CONF/A1-2"]
STORES_USES = r'^INSERT INTO "pretix_hubspot_recorduse"|^DELETE FROM "pretix_hubspot_recorduse"'


@pytest.fixture
def tickets(story):
    """A ticket for every position, identified by our own key."""
    story.add_property("tickets", TICKET_KEY, unique=True)
    rows = (("position_key", "subject", "overwrite"),)
    return story.add_mapping(story.event, "OrderPosition", "tickets", ("position_key", TICKET_KEY), rows)


@pytest.fixture
def order(story, tickets, choose):
    choose(tickets, canceled="remove")
    order = story.order(
        "A1", email="ada@example.org", attendees=[("a@example.org", "A", "A"), ("b@example.org", "", "")]
    )
    story.sync()
    assert (there(story), archived(story)) == (BOTH, [])
    return order


def there(story, object_type="tickets", key=TICKET_KEY):
    return sorted(record[key] for record in story.world(**{object_type: [key]})[object_type])


def archived(story, object_type="tickets", key=TICKET_KEY):
    return sorted(record.get(key) for record in story.simulator.portal.store(object_type).archived.values())


def cancel(story, order, number=2):
    OrderPosition.all.filter(order=order, positionid=number).update(canceled=True)
    story.queue(order)
    story.sync()


def states(mapping):
    return list(RecordUse.objects.filter(mapping_id=mapping.pk).order_by("label").values_list("label", "state"))


def shown(order, mapping):
    rows = OrderSyncResult.objects.filter(order=order, mapping_id=mapping.pk)
    return [row.order_position.positionid for row in rows.order_by("order_position__positionid")]


def problems():
    return [(p["mode"], p["code"]) for p in OrderState.objects.get().problem or ()]


def test_a_canceled_position_is_removed(story, order, tickets):
    cancel(story, order)
    assert (there(story), archived(story)) == (BOTH[:1], BOTH[1:])
    assert states(tickets) == [("A1-1", "sent")]
    assert KnownRecord.objects.filter(object_type="tickets").count() == 1
    assert shown(order, tickets) == [1]
    assert OrderState.objects.get().problem is None
    last = Run.objects.first()
    assert (last.created, last.updated, last.removed) == (0, 0, 1)
    [gone] = [record for record in RunEntry.objects.get(run=last).records if record["action"] == "removed"]
    assert (gone["type"], gone["mapping"]) == ("tickets", tickets.pk)
    entry = order.all_logentries().filter(action_type__endswith="data_sync.success").order_by("pk").last()
    told = entry.parsed_data["objects"][str(tickets.pk)]
    assert [one["external_link_display_name"] for one in told if one["action"] == "removed"] == [
        "Tickets (customer service): CONF-A1-2 (removed from HubSpot)"
    ]


def test_a_second_transfer_removes_nothing_more(story, order):
    cancel(story, order)
    story.simulator.requests.clear()
    story.queue(order, "user")
    story.sync()
    assert (there(story), archived(story)) == (BOTH[:1], BOTH[1:])
    assert not [request for request in story.simulator.requests if "archive" in request.path]


def test_a_reactivated_position_gets_a_new_record(story, order, tickets):
    cancel(story, order)
    OrderPosition.all.update(canceled=False)
    story.queue(order)
    story.sync()
    assert (there(story), archived(story)) == (BOTH, BOTH[1:])
    assert states(tickets) == [("A1-1", "sent"), ("A1-2", "sent")]
    assert shown(order, tickets) == [1, 2]


def test_a_canceled_order_loses_all_of_them_and_gets_new_ones(story, order, tickets):
    Order.objects.update(status="c")
    story.queue(order)
    story.sync()
    assert (there(story), archived(story)) == ([], BOTH)
    assert there(story, "deals", KEY) == ["ADA/CONF/A1"], "the order's own deal has another option"
    Order.objects.update(status="p")
    story.queue(order)
    story.sync()
    assert (there(story), archived(story)) == (BOTH, BOTH)


def test_the_deal_of_a_canceled_order(story, order, mappings, tickets, choose):
    choose(mappings[2], canceled="remove")
    Order.objects.update(status="c", total=Decimal(0))
    story.queue(order)
    story.sync()
    assert story.world() == {"contacts": story.world()["contacts"], "deals": []}
    assert {p["email"] for p in story.world()["contacts"]} == {"ada@example.org", "a@example.org", "b@example.org"}
    assert archived(story, "deals", KEY) == ["ADA/CONF/A1"]
    assert OrderState.objects.get().problem is None


def test_a_worker_that_dies_between_archive_and_store(story, order, tickets, statements):
    statements.before(STORES_USES, raising(SystemExit()))
    with pytest.raises(SystemExit):
        cancel(story, order)
    assert (there(story), archived(story)) == (BOTH[:1], BOTH[1:])
    assert states(tickets) == [("A1-1", "sent"), ("A1-2", "remove")]
    story.sync()
    assert states(tickets) == [("A1-1", "sent")]
    assert (there(story), archived(story), problems()) == (BOTH[:1], BOTH[1:], [])
    assert shown(order, tickets) == [1]


def test_who_was_reactivated_while_the_worker_died_gets_a_new_record(story, order, tickets, statements):
    statements.before(STORES_USES, raising(SystemExit()))
    with pytest.raises(SystemExit):
        cancel(story, order)
    OrderPosition.all.update(canceled=False)
    story.queue(order)
    story.sync()
    assert (there(story), archived(story), problems()) == (BOTH, BOTH[1:], [])
    assert shown(order, tickets) == [1, 2]


def test_a_record_that_somebody_archived_before_is_no_problem(story, order, tickets):
    [ticket] = [r for r in story.simulator.portal.store("tickets").live.values() if r.get(TICKET_KEY) == BOTH[1]]
    story.archive(ticket)
    cancel(story, order)
    assert (states(tickets), problems()) == ([("A1-1", "sent")], [])
    assert shown(order, tickets) == [1]


def test_a_refused_removal_is_a_problem_and_tried_again(story, order, tickets):
    story.simulator.faults.add("bad-request", path=ARCHIVE, times=None)
    cancel(story, order)
    assert problems() == [("permanent", "not_removed")]
    assert states(tickets) == [("A1-1", "sent"), ("A1-2", "remove")]
    assert (there(story), shown(order, tickets)) == (BOTH, [1, 2])
    story.simulator.faults.clear()
    story.queue(order, "user")
    story.sync()
    assert (there(story), problems(), states(tickets)) == (BOTH[:1], [], [("A1-1", "sent")])


def test_who_is_reactivated_after_a_refusal_stays(story, order, tickets):
    story.simulator.faults.add("bad-request", path=ARCHIVE, times=None)
    cancel(story, order)
    story.simulator.faults.clear()
    OrderPosition.all.update(canceled=False)
    story.queue(order)
    story.sync()
    assert (there(story), archived(story), problems()) == (BOTH, [], [])
    assert states(tickets) == [("A1-1", "sent"), ("A1-2", "sent")]


def test_an_outage_while_removing_leaves_the_order_waiting(story, order, tickets):
    story.simulator.faults.add("unavailable", path=ARCHIVE, times=None)
    cancel(story, order)
    assert (there(story), states(tickets)) == (BOTH, [("A1-1", "sent"), ("A1-2", "remove")])
    assert OrderSyncQueue.objects.get().need_manual_retry is None
    assert problems() == [("temporary", "server_trouble")]
    story.simulator.faults.clear()
    OrderSyncQueue.objects.update(not_before=now())
    story.sync()
    assert (there(story), problems()) == (BOTH[:1], [])


def test_a_record_that_another_mapping_uses_stays(story, order, tickets, choose):
    rows = (("event_name", "content", "overwrite"),)
    other = story.add_mapping(story.event, "OrderPosition", "tickets", ("position_key", TICKET_KEY), rows)
    story.queue(order)
    story.sync()
    cancel(story, order)
    assert (there(story), archived(story), problems()) == (BOTH, [], [])
    assert states(tickets) == [("A1-1", "sent")]
    assert states(other) == [("A1-1", "sent"), ("A1-2", "sent")]
    choose(other, canceled="remove")
    story.queue(order)
    story.sync()
    assert (there(story), archived(story), states(other)) == (BOTH[:1], BOTH[1:], [("A1-1", "sent")])


def test_a_record_that_people_merged_is_not_ours_alone(story, order, tickets):
    portal = story.simulator.portal
    [ticket] = [r for r in portal.store("tickets").live.values() if r.get(TICKET_KEY) == BOTH[1]]
    merged = story.merge(ticket, story.simulator.record("tickets", subject="A complaint", hs_pipeline_stage="1"))
    cancel(story, order)
    assert (there(story), archived(story), problems()) == (BOTH, [], [])
    assert portal.store("tickets").live[merged.id]
    assert states(tickets) == [("A1-1", "sent")]


def test_a_record_that_another_worker_writes_is_waited_for(story, order, tickets):
    record = RecordUse.objects.get(label="A1-2", mapping_id=tickets.pk).record
    KnownRecord.objects.filter(pk=record.pk).update(lease="other", leased_until=now().replace(year=2999))
    cancel(story, order)
    assert (there(story), problems(), OrderSyncQueue.objects.count()) == (BOTH, [], 1)
    KnownRecord.objects.filter(pk=record.pk).update(lease="", leased_until=None)
    OrderSyncQueue.objects.update(not_before=now())
    story.sync()
    assert (there(story), OrderSyncQueue.objects.count()) == (BOTH[:1], 0)


def test_an_order_of_which_filters_leave_out_the_rest(story, order, tickets, mappings, choose):
    for mapping in mappings:
        choose(mapping, filters={"account": True})
    choose(tickets, canceled="remove")
    story.queue(order)
    story.sync()
    OrderPosition.all.update(canceled=True)
    story.queue(order)
    story.sync()
    assert (there(story), archived(story)) == ([], BOTH)
    assert OrderState.objects.get().excluded_reason == "filter_account"
    assert (shown(order, tickets), states(tickets)) == ([], [])
    assert OrderSyncResult.objects.filter(external_object_type="excluded").count() == 1


def test_a_mapping_that_is_identified_by_a_value_removes_nobody(story, order, mappings, choose):
    choose(mappings[1], canceled="remove")
    cancel(story, order, number=1)
    assert {p["email"] for p in story.world()["contacts"]} == {"ada@example.org", "a@example.org", "b@example.org"}
