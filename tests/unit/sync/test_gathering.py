"""How many requests a slice needs, and how long small ones stay apart."""

import pytest

from pretix_hubspot.sync import gathering


@pytest.mark.parametrize(
    ("orders", "positions", "calls"),
    [(1, 1, 5), (49, 50, 5), (50, 50, 7), (100, 100, 9), (100, 300, 13), (200, 600, 21)],
)
def test_the_calls_that_are_expected(orders, positions, calls):
    assert gathering.expected_calls(orders, positions) == calls


@pytest.mark.parametrize(
    ("calls", "orders", "positions", "fitting"),
    [
        (5, 1, 1, 1),
        (5, 100, 100, 49),
        (8, 100, 100, 99),
        (9, 100, 100, 100),
        (7, 100, 300, 49),
        (50, 3, 3, 3),
        (0, 100, 0, 1),
    ],
)
def test_as_many_orders_as_the_calls_are_enough_for(calls, orders, positions, fitting):
    assert gathering.orders_for(calls, orders, positions) == fitting
    assert calls < gathering.LEAST or gathering.expected_calls(fitting, fitting * positions // orders) <= calls


@pytest.mark.parametrize(
    ("waiting", "at_once", "apart"),
    [(1, False, (0.6, 12)), (2, False, (0.6, 12)), (3, False, (1.2, 12)), (3, True, (0, 0))],
)
def test_how_long_slices_stay_apart(waiting, at_once, apart):
    assert gathering.apart(waiting, at_once) == apart
