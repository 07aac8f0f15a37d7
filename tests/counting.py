"""In sync + waiting + excluded + failing + not in scope = orders of the event, at any moment of any scenario."""

import pytest
from django.db.models import Count
from django_scopes import scopes_disabled
from pretix.base.models import Event, Order

from pretix_hubspot.health.numbers import numbers_of


def every_order_counts_once():
    """Of every event."""
    with scopes_disabled():
        orders = dict(Order.objects.order_by().values_list("event").annotate(Count("pk")))
        for event, found in numbers_of(Event.objects.values_list("pk", flat=True)).items():
            sums = {name: found.of(name) for name in ("in_sync", "waiting", "excluded", "failing", "not_in_scope")}
            assert sum(sums.values()) == orders.pop(event), sums
        assert not orders, "an event whose orders are nowhere"


@pytest.fixture(autouse=True)
def numbers_add_up(request):
    """After each test of a suite that imports this."""
    for stage in {"story", "stage"} & set(request.fixturenames):
        request.getfixturevalue(stage)  # so that it is still there when the test has ended
    yield
    if {"story", "stage"} & set(request.fixturenames):
        every_order_counts_once()
