"""Why orders are left out, in words: short for lists and numbers, and a sentence for the page of an order."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .codes import Exclusion


class Words(NamedTuple):
    """The words for an exclusion: short for lists, and a sentence."""

    label: str | Promise
    sentence: str | Promise


WORDS = {
    Exclusion.TEST_MODE: Words(
        _("Test mode orders"),
        _("Not sent: this is a test mode order. Use “Sync now” to send it anyway."),
    ),
    Exclusion.BEFORE_CONNECTION: Words(
        _("Placed before the connection"),
        _(
            "Not sent: this order was placed before the event was connected to HubSpot. "
            "Use “Sync now” to send it anyway."
        ),
    ),
    Exclusion.NO_MAPPINGS: Words(
        _("No object mappings"),
        _("Not sent: this event has no object mappings yet. The order is sent as soon as there is one."),
    ),
    Exclusion.IGNORED: Words(
        _("Ignored by hand"),
        _("Not sent: somebody chose to ignore this order. Use “Sync now” to send it anyway."),
    ),
    Exclusion.DISMISSED: Words(
        _("Sync problem dismissed"),
        _("Not sent: the sync problem of this order was dismissed. Use “Sync now” to try again, or change the order."),
    ),
    Exclusion.SHREDDED: Words(
        _("Personal data removed"),
        _("Not sent any more: personal data was removed from this event. Use “Sync now” to send the order anyway."),
    ),
    Exclusion.NO_ACCESS: Words(
        _("No access to the object type"),
        _("Not sent: HubSpot does not let pretix use this object type. Please connect again."),
    ),
    Exclusion.FILTER_PAID: Words(
        _("Filter: only paid orders"),
        _("Not sent: the object mappings only send paid orders."),
    ),
    Exclusion.FILTER_VALUE: Words(
        _("Filter: only with a value"),
        _("Not sent: the object mappings only send what has a value above zero."),
    ),
    Exclusion.FILTER_ACCOUNT: Words(
        _("Filter: only customers with an account"),
        _("Not sent: the object mappings only send orders of customers with an account."),
    ),
    Exclusion.FILTER_CHANNEL: Words(
        _("Filter: sales channel"),
        _("Not sent: the object mappings leave out the sales channel of this order."),
    ),
    Exclusion.FILTER_PRODUCT: Words(
        _("Filter: products"),
        _("Not sent: the object mappings leave out the products of this order."),
    ),
    Exclusion.FILTER_ADMISSION: Words(
        _("Filter: only admission products"),
        _("Not sent: the object mappings only send admission products."),
    ),
    Exclusion.FILTER_DATE: Words(
        _("Filter: dates"),
        _("Not sent: the object mappings leave out the dates of this order."),
    ),
    Exclusion.FILTER_ANSWER: Words(
        _("Filter: answers"),
        _("Not sent: the object mappings require an answer that was not given in this order."),
    ),
    Exclusion.FILTERS: Words(
        _("Filters of the object mappings"),
        _("Not sent: the filters of the object mappings leave out everything in this order."),
    ),
}
#: For exclusions that a later version stored.
_OTHER = Words(_("Other reasons"), _("This order is not sent to HubSpot."))


def exclusion_label(reason: str) -> str:
    """Why orders are left out, in a few words."""
    return str(_words(reason).label)


def why_excluded(reason: str) -> str:
    """Why an order is left out, for the order page."""
    return str(_words(reason).sentence)


def _words(reason: str) -> Words:
    return WORDS[Exclusion(reason)] if reason in set(Exclusion) else _OTHER
