"""Which orders are sent is one rule, in the database and in Python."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pretix.base.models import Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.models import PROVIDER, OrderState
from pretix_hubspot.sync.joining import leave
from pretix_hubspot.sync.queue.scope import NEVER, excluded, exclusion, in_scope, sendable
from pretix_hubspot.sync.queue.triggers import Trigger

BY_HAND = Exists(OrderSyncQueue.objects.filter(order=OuterRef("pk"), triggered_by=Trigger.SYNC_NOW))


@dataclass(frozen=True)
class Facts:
    """What the rule asks about an order; ``placed`` counts microseconds from joining."""

    placed: int
    testmode: bool
    queued_by: Trigger | None
    has_state: bool
    sent_by_hand: bool
    reason: str


facts = st.builds(
    Facts,
    placed=st.sampled_from([-1, 0, 1]) | st.integers(-(10**14), 10**14),
    testmode=st.booleans(),
    queued_by=st.sampled_from([None, Trigger.SYNC_NOW, Trigger.ORDER_PAID]),
    has_state=st.booleans(),
    sent_by_hand=st.booleans(),
    reason=st.sampled_from(["", *Exclusion]),
)


def place(event, joined_at, orders):
    """Orders of which these facts hold, in this order."""
    common = {"event": event, "organizer": event.organizer, "email": "a@example.org", "expires": now(), "total": 0}
    common |= {"status": Order.STATUS_PENDING, "sales_channel": event.organizer.sales_channels.get(identifier="web")}
    for number, order in enumerate(orders):
        placed = Order.objects.create(
            **common,
            code=f"S{number}",
            testmode=order.testmode,
            datetime=joined_at + timedelta(microseconds=order.placed),
        )
        if order.has_state:
            OrderState.objects.create(
                order=placed, portal_id=1, by_hand=order.sent_by_hand, excluded_reason=order.reason
            )
        if order.queued_by:
            OrderSyncQueue.objects.create(
                order=placed, event=event, sync_provider=PROVIDER, triggered_by=order.queued_by, not_before=now()
            )


def in_sql(by_hand):
    """Why each order is left out, as the database says; and the same orders."""
    orders = Order.objects.annotate(why=exclusion(by_hand)).order_by("pk").select_related("hubspot_state")
    return {order.pk: order.why for order in orders}, list(orders)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(orders=st.lists(facts, min_size=1, max_size=6), send_test_orders=st.booleans())
def test_the_database_and_python_say_the_same(story, orders, send_test_orders):
    joined = story.joined
    with transaction.atomic():
        joined.send_test_orders = send_test_orders
        joined.save()
        place(story.event, joined.joined_at, orders)
        asked = set(OrderSyncQueue.objects.filter(triggered_by=Trigger.SYNC_NOW).values_list("order", flat=True))

        now_and_then, found = in_sql(BY_HAND)
        by_itself, _ = in_sql(NEVER)

        states = {state.order_id: state for state in OrderState.objects.all()}
        python = {order.pk: excluded(order, joined, states.get(order.pk), False) for order in found}
        assert by_itself == python
        assert now_and_then == {pk: "" if pk in asked else why for pk, why in python.items()}
        assert set(sendable(story.event.pk).values_list("pk", flat=True)) == {pk for pk in python if not python[pk]}
        outside = {pk for pk, why in python.items() if why == Exclusion.BEFORE_CONNECTION}
        assert set(in_scope(story.event.orders.all()).values_list("pk", flat=True)) == python.keys() - outside
        transaction.set_rollback(True)


PLAIN = Facts(1, testmode=False, queued_by=None, has_state=False, sent_by_hand=False, reason="")


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, ""),
        ({"placed": 0}, ""),
        ({"placed": -1}, "before_connection"),
        ({"testmode": True}, "test_mode"),
        ({"testmode": True, "placed": -1}, "before_connection"),
        ({"testmode": True, "placed": -1, "has_state": True, "sent_by_hand": True}, ""),
        ({"has_state": True, "reason": "ignored"}, "ignored"),
        ({"placed": -1, "has_state": True, "reason": "ignored"}, "ignored"),
        ({"has_state": True, "reason": "ignored", "sent_by_hand": True}, "ignored"),
        ({"has_state": True, "reason": "dismissed"}, ""),
        ({"has_state": True, "reason": "shredded"}, ""),
        ({"placed": -1, "queued_by": Trigger.SYNC_NOW, "has_state": True, "reason": "ignored"}, ""),
        ({"placed": -1, "queued_by": Trigger.ORDER_PAID}, "before_connection"),
    ],
)
def test_the_rule(story, facts, why):
    place(story.event, story.joined.joined_at, [Facts(**{**vars(PLAIN), **facts})])

    assert list(in_sql(BY_HAND)[0].values()) == [why]


def test_an_event_without_a_connection_has_nothing_in_scope(story):
    place(story.event, story.joined.joined_at, [PLAIN, Facts(1, False, Trigger.SYNC_NOW, True, True, "")])
    leave(story.event, None)

    assert list(in_sql(BY_HAND)[0].values()) == ["before_connection"] * 2
    assert not in_scope(story.event.orders.all()).exists()


def test_the_rule_is_part_of_one_query(story):
    place(story.event, story.joined.joined_at, [PLAIN])

    with CaptureQueriesContext(connection) as captured:
        assert in_scope(story.event.orders.all()).count() == sendable(story.event.pk).count() == 1

    assert len(captured) == 2
