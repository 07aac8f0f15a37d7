"""Who is to blame: an edge, a proxy, the account or a mistake of HubSpot's, and never an order for it."""

from contextlib import closing
from datetime import timedelta

import pytest
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.catalog import last_failure
from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.failures.explanations import explain, where_to_fix
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.models import CatalogEntry, Connection, KnownRecord, OrderState
from pretix_hubspot.sources.event_context import EventContext
from pretix_hubspot.sync.run.preview import preview

from .story import KEY

PAGES = (400, 401, 403, 404, 409, 410, 451)
#: Answers about the call, with the reason why the portal rests if every call gets it, and the word if only some do.
REFUSED_CALLS = {
    402: ("payment_required", "config"),
    405: ("call_refused", "internal"),
    406: ("call_refused", "internal"),
    410: ("version_ended", "internal"),
    412: ("call_refused", "internal"),
    415: ("call_refused", "internal"),
    428: ("call_refused", "internal"),
    431: ("call_refused", "internal"),
    451: ("legally_blocked", "config"),
}


@pytest.fixture
def settled(story):
    """A story whose schema is known, and whose portal is empty but for one order."""
    story.order("Z1")
    story.sync()
    story.simulator.requests.clear()
    return story


def rows():
    return list(OrderSyncQueue.objects.order_by("order__code").values_list("need_manual_retry", "failed_attempts"))


def rest_is_over():
    past = now() - timedelta(seconds=1)
    Connection.objects.update(resting_until=past)
    OrderSyncQueue.objects.filter(need_manual_retry=None).update(not_before=past)


def deals(story):
    return [deal[KEY] for deal in story.world()["deals"]]


def why(order):
    state = OrderState.objects.filter(order=order).first()
    return [Failure(**problem) for problem in (state.problem if state else None) or ()]


# Pages


@pytest.mark.parametrize("status", PAGES)
@pytest.mark.parametrize("stage", ["read", "create", "associate"])
def test_one_page_stops_nobody(settled, status, stage):
    settled.simulator.faults.add(kind="html", status=status, stage=stage, times=1)
    for number in range(5):
        settled.order(f"B{number}")

    settled.sync()

    assert len(settled.simulator.faults.fired) == 1
    assert rows() == []
    assert deals(settled) == ["ADA/CONF/B0", "ADA/CONF/B1", "ADA/CONF/B2", "ADA/CONF/B3", "ADA/CONF/B4", "ADA/CONF/Z1"]


@pytest.mark.parametrize("status", PAGES)
def test_pages_for_some_minutes_blame_no_order_and_need_nobody(settled, status):
    settled.simulator.faults.add(kind="html", status=status, times=None)
    orders = [settled.order(f"A{number}") for number in range(4)]

    settled.sync()

    connection = Connection.objects.get()
    assert (connection.status, connection.resting_reason) == ("active", "outage")
    assert rows() == [(None, 0)] * 4
    assert not any(why(order) for order in orders)
    settled.simulator.faults.clear()
    rest_is_over()
    settled.sync()
    assert (rows(), len(deals(settled))) == ([], 5)


@pytest.mark.parametrize("status", PAGES)
def test_a_lone_order_that_meets_pages_only_is_tried_again_by_itself(settled, status):
    settled.simulator.faults.add(kind="html", status=status, times=None)
    order = settled.order("A1")

    settled.sync()

    assert rows() == [(None, 1)]
    assert {(failure.mode, failure.code) for failure in why(order)} == {("temporary", "edge_page")}


def test_a_firewall_that_dislikes_one_order_stops_no_other(settled):
    settled.simulator.faults.add(kind="html", status=403, stage="create", body="b2@example", times=None)
    orders = [settled.order(f"B{number}", email=f"b{number}@example.org") for number in range(5)]

    settled.sync()

    assert Connection.objects.get().resting_until is None
    assert [failure.code for order in orders for failure in why(order)] == ["edge_page"]
    assert rows() == [(None, 1)], "and it is tried again by itself"
    assert explain(why(orders[2])[0]).startswith("Contacts: HubSpot could not be reached: something on the way")


def test_a_page_is_no_sign_that_a_record_is_gone(settled):
    """What was linked is looked up by its id, and must not be made anew."""
    before = list(KnownRecord.objects.order_by("pk").values_list("record_id", flat=True))
    order = settled.event.orders.get(code="Z1")
    order.total = 7
    order.save()
    settled.queue(order, "order_changed")
    settled.simulator.faults.add(kind="html", status=404, stage="read", times=None)
    settled.sync()
    settled.simulator.faults.clear()
    rest_is_over()

    settled.sync()

    assert list(KnownRecord.objects.order_by("pk").values_list("record_id", flat=True)) == before
    assert len(settled.world()["contacts"]) == 1


# Answers about the call


@pytest.mark.parametrize("status", REFUSED_CALLS)
def test_a_refusal_of_every_call_rests_the_portal_after_a_few_of_them(settled, status):
    settled.simulator.faults.add(kind="status", status=status, times=None)
    orders = [settled.order(f"A{number}") for number in range(50)]

    settled.sync()

    connection = Connection.objects.get()
    assert (connection.status, connection.resting_reason) == ("active", REFUSED_CALLS[status][0])
    assert len(list(settled.simulator.requests)) <= 5
    assert rows() == [(None, 0)] * 50
    assert not any(why(order) for order in orders)
    settled.simulator.faults.clear()
    rest_is_over()
    settled.sync()
    assert (rows(), len(deals(settled))) == ([], 51)


@pytest.mark.parametrize("status", REFUSED_CALLS)
@pytest.mark.parametrize("stage", ["read", "create", "associate"])
def test_a_refusal_of_one_kind_of_call_is_told_and_not_halved(settled, status, stage):
    settled.simulator.faults.add(kind="status", status=status, stage=stage, times=None)
    orders = [settled.order(f"A{number:02}") for number in range(50)]

    settled.sync()

    reason, mode = REFUSED_CALLS[status]
    assert Connection.objects.get().resting_until is None
    assert {(failure.mode, failure.code) for order in orders for failure in why(order)} == {(mode, reason)}
    assert rows() == [(mode, 0)] * 50
    assert len(list(settled.simulator.requests)) <= 12


def test_a_refusal_of_the_call_leads_to_who_can_act(settled):
    settled.simulator.faults.add(kind="status", status=402, stage="create", path="deals", times=None)
    paid = settled.order("A1")
    settled.sync()
    settled.simulator.faults.clear()
    settled.simulator.faults.add(kind="status", status=410, stage="create", path="deals", times=None)
    ended = settled.order("A2")
    settled.sync()

    assert [where_to_fix(failure, EventContext(settled.event)) for failure in why(paid)] == [None], "in HubSpot"
    assert [where_to_fix(failure, EventContext(settled.event)) for failure in why(ended)] == [
        "/control/event/ada/conf/hubspot/check/"
    ]


@pytest.mark.parametrize("status", [301, 302, 418, 451])
def test_a_schema_that_no_call_can_read_rests_the_portal(story, status):
    story.simulator.faults.add(kind="status", status=status, times=None)
    story.order("A1")

    story.sync()

    assert Connection.objects.get().resting_reason == ("legally_blocked" if status == 451 else "outage")
    assert rows() == [(None, 0)]


UNREADABLE = {
    402: ("config", "payment_required"),
    410: ("internal", "version_ended"),
    415: ("internal", "call_refused"),
}
UNREADABLE |= {451: ("config", "legally_blocked")}


@pytest.mark.parametrize(("kind", "status"), [*(("status", s) for s in UNREADABLE), ("html", 403), ("html", 404)])
def test_a_schema_that_cannot_be_read_blames_the_call_or_nobody(story, kind, status):
    story.simulator.faults.add(kind=kind, status=status, path="/crm/properties/", times=None)
    order = story.order("A1")

    story.sync()

    expected = ("temporary", "edge_page") if kind == "html" else UNREADABLE[status]
    assert Connection.objects.get().resting_until is None
    assert {(failure.mode, failure.code) for failure in why(order)} == {expected}


def test_a_page_is_no_sign_that_an_object_type_has_no_pipelines(story):
    story.simulator.faults.add(kind="html", status=404, path="/pipelines/", times=1)
    story.order("A1")
    story.sync()
    CatalogEntry.objects.filter(kind=last_failure.FAILED).delete()
    rest_is_over()

    story.sync()

    assert [deal["dealstage"] for deal in story.world()["deals"]] == ["appointmentscheduled"]


def test_a_preview_says_what_hubspot_refuses(settled):
    settled.simulator.faults.add(kind="status", status=402, stage="read", times=None)
    order = settled.order("A1", queue=False)

    with closing(client_for(settled.connection)) as client:
        seen = preview(settled.joined, order, client)

    assert {failure.code for record in seen.records for failure in record.failures} == {"payment_required"}


# A refused token


def test_one_stray_refusal_of_a_key_delays_nothing(settled):
    settled.simulator.faults.add("unauthorized", times=1)
    settled.order("A1")

    settled.sync()

    connection = Connection.objects.get()
    assert (connection.status, connection.resting_reason) == ("active", "")
    assert (rows(), deals(settled)) == ([], ["ADA/CONF/A1", "ADA/CONF/Z1"])


@pytest.mark.parametrize("stage", ["read", "create", "associate"])
def test_refusals_for_some_minutes_are_no_revocation(settled, stage):
    settled.simulator.faults.add("unauthorized", stage=stage, times=None)
    settled.order("A1")
    settled.sync()
    resting = Connection.objects.get()
    settled.simulator.faults.clear()
    rest_is_over()

    settled.sync()

    assert (resting.status, resting.resting_reason) == ("active", "revoked")
    assert Connection.objects.get().status == "active"
    assert (rows(), deals(settled)) == ([], ["ADA/CONF/A1", "ADA/CONF/Z1"])
    assert not settled.event.logentry_set.filter(action_type="pretix_hubspot.connection.revoked").exists()


def test_a_key_that_is_refused_a_while_later_as_well_is_revoked_and_its_orders_wait(settled):
    settled.simulator.faults.add("unauthorized", times=None)
    settled.order("A1")
    settled.sync()
    settled.sync()  # by whatever worker comes next, or a new one after this one died: the rest is not over
    before = Connection.objects.get().status
    rest_is_over()

    settled.sync()

    assert (before, Connection.objects.get().status) == ("active", "revoked")
    assert rows() == [(None, 0)]


def test_what_was_refused_at_one_kind_of_call_only_is_never_called_revoked(settled):
    settled.simulator.faults.add("unauthorized", stage="create", times=None)
    settled.order("A1")

    for _ in range(3):
        settled.sync()
        rest_is_over()

    assert Connection.objects.get().status == "active"
