"""The scope: which orders are sent at all, and why the others are not; one rule, for the database and for an order.

The rule, its first line that applies:

1. An order that is being sent by *Sync now* is sent, and is in scope from then on.
2. An order that a user ignored is not sent.
3. An order that was once sent by *Sync now* is sent, test mode included.
4. An order that was placed before its event was connected is not sent.
5. An order in test mode is only sent if the event's options say so.
6. All others are sent.
"""

from django.db.models import Case, Exists, F, Q, QuerySet, Value, When
from pretix.base.models import Order

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.models import EventConnection, ObjectMapping, OrderState

#: A condition that no row meets.
NEVER = Q(pk__in=())


def excluded(order: Order, event_connection: EventConnection, state: OrderState | None, by_hand: bool) -> str:
    """Why an order of a connected event is left out, or an empty string. ``exclusion`` is the same in SQL.

    ``by_hand`` says whether it is being sent by *Sync now*.
    """
    if by_hand:
        return ""
    if state and state.excluded_reason == Exclusion.IGNORED:
        return Exclusion.IGNORED
    if state and state.by_hand:
        return ""
    if order.datetime < event_connection.joined_at:
        return Exclusion.BEFORE_CONNECTION
    if order.testmode and not event_connection.send_test_orders:
        return Exclusion.TEST_MODE
    return ""


def exclusion(by_hand: Exists | Q = NEVER) -> Case:
    """Why an order is left out, or an empty string: an annotation of orders. ``excluded`` is the same in Python.

    ``by_hand`` is the condition for *Sync now*. Orders of an event without a connection
    were placed before it will have one.
    """
    return Case(
        When(event__hubspot_connection__isnull=True, then=Value(Exclusion.BEFORE_CONNECTION)),
        When(by_hand, then=Value("")),
        When(hubspot_state__excluded_reason=Exclusion.IGNORED, then=Value(Exclusion.IGNORED)),
        When(hubspot_state__by_hand=True, then=Value("")),
        When(datetime__lt=F("event__hubspot_connection__joined_at"), then=Value(Exclusion.BEFORE_CONNECTION)),
        When(testmode=True, event__hubspot_connection__send_test_orders=False, then=Value(Exclusion.TEST_MODE)),
        default=Value(""),
    )


def in_scope(orders: QuerySet[Order]) -> QuerySet[Order]:
    """The orders among these whose changes matter, including those that are left out."""
    return orders.alias(hubspot_exclusion=exclusion()).exclude(hubspot_exclusion=Exclusion.BEFORE_CONNECTION)


def sendable(event_id: int) -> QuerySet[Order]:
    """The orders of the event that are sent when they change."""
    return Order.objects.filter(event_id=event_id).alias(hubspot_exclusion=exclusion()).filter(hubspot_exclusion="")


def mapped() -> QuerySet[ObjectMapping]:
    """The object mappings of all events that can be sent; an event without such a mapping sends no orders."""
    return ObjectMapping.objects.exclude(pretix_id_field="").exclude(external_id_field="")
