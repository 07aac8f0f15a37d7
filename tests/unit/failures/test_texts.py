"""Every code that is stored or shown has words of its own."""

import pytest
from django.utils.functional import Promise

from pretix_hubspot.connections.resting import RestingReason
from pretix_hubspot.control.views import log, preview
from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.failures.exclusions import WORDS, exclusion_label, why_excluded
from pretix_hubspot.sync.queue.triggers import BULK, Trigger, is_bulk, trigger_text
from pretix_hubspot.sync.run.preview import PreviewAction, PropertyState
from pretix_hubspot.sync.send.outcome import RecordAction


@pytest.mark.parametrize("choices", [Trigger, RestingReason, PreviewAction, PropertyState])
def test_every_code_has_a_label_of_its_own(choices):
    assert [code for code, label in choices.choices if not isinstance(label, Promise)] == []


def test_every_exclusion_has_words():
    assert set(WORDS) == set(Exclusion)
    assert exclusion_label("filters") == "Filters of the object mappings"
    assert why_excluded("filter_paid") == "Not sent: the object mappings only send paid orders."


def test_an_exclusion_of_a_later_version():
    assert exclusion_label("too_late") == "Other reasons"
    assert why_excluded("too_late") == "This order is not sent to HubSpot."


def test_what_was_done_to_a_record_has_words_in_the_log_and_a_style_in_the_preview():
    assert set(log.ACTIONS) == set(RecordAction)
    assert set(preview.STYLES) == set(PreviewAction) > {PreviewAction(action) for action in RecordAction}


def test_a_retry_is_told_whatever_its_size():
    assert trigger_text("retry") == trigger_text("bulk_retry") == "Tried again"


def test_a_trigger_that_nobody_knows_is_shown_by_its_code():
    assert trigger_text("order_frozen") == "order_frozen"


def test_what_live_orders_go_before():
    bulk = {trigger.value for trigger in Trigger if is_bulk(trigger.value)}

    of_orders = {"bulk", "bulk_first_mapping", "bulk_retry", "bulk_removal", "sweep"}
    of_things = {"bulk_thing", "bulk_compared", "bulk_offer_thing", "bulk_offer_definition", "bulk_offer_upgrade"}
    assert bulk == of_orders | of_things == BULK
