"""The states of orders, in bulk."""

from collections.abc import Iterable

from pretix_hubspot.models import OrderState
from pretix_hubspot.server.bulk_rows import store_rows

_UPDATED = (
    "portal_id",
    "sent_hash",
    "sent_at",
    "planner",
    "outdated_by",
    "by_hand",
    "log_count",
    "excluded_reason",
    "problem",
    "cause",
    "failing_since",
    "attempts",
)


def store_states(states: Iterable[OrderState]) -> None:
    """Insert or update, in the order of the orders' keys so that two workers cannot block each other."""
    by_order = sorted(states, key=lambda state: state.order_id)
    store_rows(OrderState, map(vars, by_order), unique=["order"], update=list(_UPDATED))
