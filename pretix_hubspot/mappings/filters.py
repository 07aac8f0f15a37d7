"""Decide which orders and positions a mapping sends, with the reason for those that it leaves out. Pure.

Conditions on positions hold for an order, and for its other parts, if one of its positions meets all of them; an answer
may also be the order's.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.sources.order_state import PAID, state_of
from pretix_hubspot.sources.snapshot import OrderSnapshot, PartSnapshot, PositionSnapshot, Snapshot

from .spec import Filters

#: The prefix of the source fields of answers; the question's identifier follows.
QUESTION = "question_"


def question_fields(filters: Filters) -> frozenset[str]:
    """The source fields, of positions or of the order, that these filters read."""
    return frozenset(QUESTION + question for question, _ in filters.answers)


def reason(filters: Filters, subject: Snapshot, part: PartSnapshot | None, was_sent: bool) -> str:
    """Why the record of the subject, or of a part of it, is left out; empty if it is not.

    Only orders are filtered.

    ``was_sent`` keeps a record up to date whose order was paid once: HubSpot must learn of its cancellation.
    """
    if filters == NONE or not isinstance(subject, OrderSnapshot):
        return ""
    order = subject
    if left_out := _of_order(filters, order, part, was_sent):
        return left_out
    if filters.answers and any(_given(order.values, *answer) for answer in filters.answers):
        filters = replace(filters, answers=())
    if left_out := _without_value(filters, part.price if part else order.total):
        return left_out
    if isinstance(part, PositionSnapshot):
        return _of_position(filters, part)
    live = [p for p in order.positions if not p.canceled] or order.positions or [NOTHING]
    reasons = [_of_position(filters, p) for p in live]
    return "" if "" in reasons else reasons[0]


def _of_order(filters: Filters, order: OrderSnapshot, part: PartSnapshot | None, was_sent: bool) -> str:
    if filters.paid and state_of(order, part) != PAID and not was_sent:
        return Exclusion.FILTER_PAID
    if filters.account and not order.has_account:
        return Exclusion.FILTER_ACCOUNT
    if filters.channels is not None and order.sales_channel not in filters.channels:
        return Exclusion.FILTER_CHANNEL
    return ""


def _without_value(filters: Filters, amount: Decimal) -> str:
    return Exclusion.FILTER_VALUE if filters.value and amount <= 0 else ""


def _of_position(filters: Filters, position: PositionSnapshot) -> str:
    chosen = position.item in (filters.items or ()) or position.variation in filters.variations
    if filters.items is not None and not chosen:
        return Exclusion.FILTER_PRODUCT
    if filters.admission_items is not None and position.item not in filters.admission_items:
        return Exclusion.FILTER_ADMISSION
    if filters.subevents is not None and position.subevent not in filters.subevents:
        return Exclusion.FILTER_DATE
    if filters.answers and not any(_given(position.values, *answer) for answer in filters.answers):
        return Exclusion.FILTER_ANSWER
    return ""


#: No condition.
NONE = Filters()
#: The values by which an order without positions is judged.
NOTHING = PositionSnapshot(0, 0, False, {})


def _given(values: Mapping[str, object], question: str, option: str) -> bool:
    value = values.get(QUESTION + question)
    if isinstance(value, list):
        return option in value if option else bool(value)
    if isinstance(value, bool) or not option:
        return value is True or (isinstance(value, str) and bool(value))
    return value == option
