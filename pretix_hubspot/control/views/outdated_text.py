"""The number of orders that would be sent otherwise today, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def _mapped_otherwise(count):
    if count is None:
        return _("Orders were sent to HubSpot with older object mappings.")
    return ngettext(
        "{count} order was sent to HubSpot with older object mappings.",
        "{count} orders were sent to HubSpot with older object mappings.",
        count,
    ).format(count=count)


def _sent_otherwise(count):
    if count is None:
        return _("Orders were sent to HubSpot otherwise than they would be sent today.")
    return ngettext(
        "{count} order was sent to HubSpot otherwise than it would be sent today.",
        "{count} orders were sent to HubSpot otherwise than they would be sent today.",
        count,
    ).format(count=count)


def outdated_text(glance):
    """The outdated orders in words; after an upgrade, the mappings are not named as the reason. Empty without any."""
    if not glance.exist:
        return ""
    return (_sent_otherwise if glance.is_upgraded else _mapped_otherwise)(glance.count)
