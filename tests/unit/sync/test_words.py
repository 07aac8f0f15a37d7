"""Every code that is stored has words."""

from django.utils.functional import Promise

from pretix_hubspot.sync import triggers
from pretix_hubspot.sync.triggers import Trigger


def is_translated(choices):
    """Whether each code has a label of its own; Django makes one of the name where there is none."""
    return all(isinstance(label, Promise) for label in choices.labels)


def test_every_trigger_has_words():
    assert is_translated(Trigger)
    assert triggers.trigger_text("retry") == triggers.trigger_text("bulk_retry") == "Tried again"


def test_a_trigger_that_nobody_knows_is_shown_by_its_code():
    assert triggers.trigger_text("order_frozen") == "order_frozen"
