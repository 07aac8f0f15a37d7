"""How many requests a slice needs, and how long small ones stay apart."""

import pytest

from pretix_hubspot.sync import gathering


@pytest.mark.parametrize(("orders", "calls"), [(1, 5), (19, 5), (20, 6), (100, 10), (200, 15)])
def test_the_calls_that_are_expected(orders, calls):
    assert gathering.expected_calls(orders) == calls


@pytest.mark.parametrize(
    ("calls", "orders", "fitting"), [(5, 1, 1), (5, 100, 19), (7, 100, 59), (10, 100, 100), (50, 3, 3), (0, 100, 1)]
)
def test_as_many_orders_as_the_calls_are_enough_for(calls, orders, fitting):
    assert gathering.orders_for(calls, orders) == fitting
    assert calls < gathering.LEAST or gathering.expected_calls(fitting) <= calls


@pytest.mark.parametrize(
    ("waiting", "at_once", "apart"),
    [(1, False, (0.6, 12)), (2, False, (0.6, 12)), (3, False, (1.2, 12)), (3, True, (0, 0))],
)
def test_how_long_slices_stay_apart(waiting, at_once, apart):
    assert gathering.apart(waiting, at_once) == apart
