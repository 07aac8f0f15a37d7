"""In sync + waiting + excluded + failing + not in scope = orders of the event, at any moment of any scenario."""

import pytest
from django_scopes import scopes_disabled
from pretix.base.models import Event, Order

from pretix_hubspot.health.numbers import numbers


def every_order_counts_once():
    """Of every event."""
    with scopes_disabled():
        for event in Event.objects.all():
            found = numbers(event)
            sums = {name: found.of(name) for name in ("in_sync", "waiting", "excluded", "failing", "not_in_scope")}
            assert sum(sums.values()) == Order.objects.filter(event=event).count(), sums


@pytest.fixture(autouse=True)
def numbers_add_up(request):
    """After each test of a suite that imports this."""
    for stage in {"story", "stage"} & set(request.fixturenames):
        request.getfixturevalue(stage)  # so that it is still there when the test has ended
    yield
    if {"story", "stage"} & set(request.fixturenames):
        every_order_counts_once()
