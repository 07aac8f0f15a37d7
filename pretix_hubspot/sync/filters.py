"""Which orders and positions a mapping is about, and the reason why the others are left out. Pure.

Conditions on positions hold for an order if one of its positions meets all of them; an answer may also be the order's.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from .state import PAID as STATE_PAID
from .state import state_of
from .types import Filters, OrderSnapshot, PositionSnapshot

PAID = "filter_paid"
VALUE = "filter_value"
ACCOUNT = "filter_account"
CHANNEL = "filter_channel"
PRODUCT = "filter_product"
ADMISSION = "filter_admission"
DATE = "filter_date"
ANSWER = "filter_answer"
#: Several mappings leave an order out for different reasons.
SEVERAL = "filters"
#: There is nothing to filter yet: the event has no object mapping that could be sent.
NO_MAPPINGS = "no_mappings"

#: Source fields of answers are called by this and the question's identifier.
QUESTION = "question_"


def question_fields(filters: Filters) -> frozenset[str]:
    """The source fields, of positions or of the order, that have to be read for these filters."""
    return frozenset(QUESTION + question for question, _ in filters.answers)


def reason(filters: Filters, order: OrderSnapshot, position: PositionSnapshot | None, was_sent: bool) -> str:
    """Why the record of the order, or of its position, is left out; empty if it is not.

    ``was_sent`` keeps a record up to date whose order was paid once: its cancellation is news for HubSpot.
    """
    if filters == NONE:
        return ""
    if left_out := _of_order(filters, order, position, was_sent):
        return left_out
    if filters.answers and any(_given(order.values, *answer) for answer in filters.answers):
        filters = replace(filters, answers=())
    if position:
        return _without_value(filters, position.price) or _of_position(filters, position)
    if left_out := _without_value(filters, order.total):
        return left_out
    live = [p for p in order.positions if not p.canceled] or order.positions or [NOTHING]
    reasons = [_of_position(filters, p) for p in live]
    return "" if "" in reasons else reasons[0]


def _of_order(filters: Filters, order: OrderSnapshot, position: PositionSnapshot | None, was_sent: bool) -> str:
    if filters.paid and state_of(order, position) != STATE_PAID and not was_sent:
        return PAID
    if filters.account and not order.has_account:
        return ACCOUNT
    if filters.channels is not None and order.sales_channel not in filters.channels:
        return CHANNEL
    return ""


def _without_value(filters: Filters, amount: Decimal) -> str:
    return VALUE if filters.value and amount <= 0 else ""


def _of_position(filters: Filters, position: PositionSnapshot) -> str:
    chosen = position.item in (filters.items or ()) or position.variation in filters.variations
    if filters.items is not None and not chosen:
        return PRODUCT
    if filters.admission_items is not None and position.item not in filters.admission_items:
        return ADMISSION
    if filters.subevents is not None and position.subevent not in filters.subevents:
        return DATE
    if filters.answers and not any(_given(position.values, *answer) for answer in filters.answers):
        return ANSWER
    return ""


#: No condition at all.
NONE = Filters()
#: What an order without positions is judged by.
NOTHING = PositionSnapshot(0, 0, False, {})


def _given(values: Mapping[str, object], question: str, option: str) -> bool:
    value = values.get(QUESTION + question)
    if isinstance(value, list):
        return option in value if option else bool(value)
    if isinstance(value, bool) or not option:
        return value is True or (isinstance(value, str) and bool(value))
    return value == option
