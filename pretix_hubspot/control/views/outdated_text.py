"""The number of orders that would be sent otherwise today, in words."""

from django.utils.translation import ngettext

from pretix_hubspot.sync.queue import campaigns


def _mapped_otherwise(count):
    return ngettext(
        "{count} order was sent to HubSpot with older object mappings.",
        "{count} orders were sent to HubSpot with older object mappings.",
        count,
    ).format(count=count)


def _sent_otherwise(count):
    return ngettext(
        "{count} order was sent to HubSpot otherwise than it would be sent today.",
        "{count} orders were sent to HubSpot otherwise than they would be sent today.",
        count,
    ).format(count=count)


def outdated_text(event, count):
    """The number of outdated orders in words; after an upgrade, the mappings are not named as the reason."""
    return _sent_otherwise(count) if campaigns.is_upgraded(event) else _mapped_otherwise(count)
