"""A HubSpot that reports success and shows one record in no answer."""

import pytest
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.failures.codes import TEMPORARY, Code
from pretix_hubspot.models import OrderState

from .conftest import expected, orders, settle

pytestmark = pytest.mark.faults


def test_an_order_whose_record_is_never_shown_tries_again(story, simulator):
    """The conflict with what we made ourselves blames nobody."""
    simulator.faults.add("drop-results", stage="create", path="/deals/", times=1)
    silence = simulator.faults.add("drop-results", stage="read", path="/deals/", times=None)
    orders(story, [1])
    story.sync()
    [failure] = OrderState.objects.get().problem
    row = OrderSyncQueue.objects.get()
    assert (failure["mode"], failure["code"], failure["object_type"]) == (
        TEMPORARY,
        Code.NO_ANSWER_FOR_RECORD,
        "deals",
    )
    assert (row.need_manual_retry, row.failed_attempts, silence.fired > 0) == (None, 1, True)

    simulator.faults.clear()
    settle(story)

    assert story.world() == expected([1])
