"""States in words, for pages, exports and mails."""

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
    IN_SYNC: _("HubSpot holds what was sent last."),
    WAITING: _("Queued, and sent as soon as possible."),
    FAILING: _("Could not be sent, or only in part."),
    EXCLUDED: _("Left out for a reason."),
    NOT_IN_SCOPE: _("Placed before the event was connected to HubSpot, and never sent by hand."),
}


def retried_text(count):
    """The message after users fixed a problem: its orders are sent again."""
    return ngettext("One order is tried again.", "{count} orders are tried again.", count).format(count=count)
