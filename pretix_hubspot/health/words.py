"""States and reasons in words, for pages, exports and mails."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from .numbers import EXCLUDED, FAILING, IN_SYNC, NOT_IN_SCOPE, WAITING

STATES = {
    IN_SYNC: _("In sync"),
    WAITING: _("Waiting"),
    FAILING: _("Failing"),
    EXCLUDED: _("Excluded"),
    NOT_IN_SCOPE: _("Not in scope"),
}
MEANINGS = {
    IN_SYNC: _("HubSpot holds what the object mappings say."),
    WAITING: _("Queued, and sent as soon as possible."),
    FAILING: _("Could not be sent, or only in part."),
    EXCLUDED: _("Left out for a reason."),
    NOT_IN_SCOPE: _("Placed before the event was connected to HubSpot, and never sent by hand."),
}
REASONS = {
    "test_mode": _("Test mode orders"),
    "no_mappings": _("No object mappings"),
    "ignored": _("Ignored by hand"),
    "dismissed": _("Sync problem dismissed"),
    "shredded": _("Personal data removed"),
    "filter_paid": _("Filter: only paid orders"),
    "filter_value": _("Filter: only with a value"),
    "filter_account": _("Filter: only customers with an account"),
    "filter_channel": _("Filter: sales channel"),
    "filter_product": _("Filter: products"),
    "filter_admission": _("Filter: only admission products"),
    "filter_date": _("Filter: dates"),
    "filter_answer": _("Filter: answers"),
    "filters": _("Filters of the object mappings"),
}


def retried_text(count):
    """What happens after somebody fixed something."""
    return ngettext("One order is tried again.", "{count} orders are tried again.", count).format(count=count)


def reason_text(reason):
    """Why orders are excluded."""
    return REASONS.get(reason, _("Other reasons"))
