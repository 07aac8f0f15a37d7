"""The texts of our entries in the logs of events and organizers."""

from django.utils.translation import gettext_lazy as _
from pretix.base.logentrytypes import (
    EventLogEntryType,
    LogEntryType,
    NoOpShredderMixin,
    OrderLogEntryType,
    log_entry_types,
)

from pretix_hubspot.catalog.object_types import STANDARD
from pretix_hubspot.failures.explanations import from_history
from pretix_hubspot.failures.texts import mode_word
from pretix_hubspot.sources.registry import label


@log_entry_types.new_from_dict(
    {
        "pretix_hubspot.connection.created": _("HubSpot has been connected (portal {portal})."),
        "pretix_hubspot.connection.reconnected": _("The access to HubSpot has been renewed (portal {portal})."),
        "pretix_hubspot.connection.disconnected": _("HubSpot has been disconnected (portal {portal})."),
        "pretix_hubspot.connection.paused": _("The transfer to HubSpot portal {portal} has been paused."),
        "pretix_hubspot.connection.resumed": _("The transfer to HubSpot portal {portal} has been resumed."),
        "pretix_hubspot.connection.revoked": _("HubSpot no longer accepts the access of pretix (portal {portal})."),
    }
)
class ConnectionLogEntryType(NoOpShredderMixin, LogEntryType):
    """An action on a connection; the data names only the portal."""


@log_entry_types.new_from_dict(
    {
        "pretix_hubspot.event.joined": _("The event now uses the HubSpot connection to portal {portal}."),
        "pretix_hubspot.event.connection.asked": _("Somebody was asked to connect HubSpot."),
        "pretix_hubspot.event.left": _("The event no longer uses the HubSpot connection to portal {portal}."),
        "pretix_hubspot.event.options.changed": _("The options of the HubSpot integration have been changed."),
        "pretix_hubspot.event.paused": _("The transfer to HubSpot has been paused."),
        "pretix_hubspot.event.resumed": _("The transfer to HubSpot has been resumed."),
        "pretix_hubspot.removal.started": _("Objects of a deleted object mapping are removed from HubSpot: {records}"),
        "pretix_hubspot.event.problems.found": _("Orders cannot be sent to HubSpot as configured ({orders})."),
        "pretix_hubspot.recovered.problems": _("All sync problems with HubSpot are solved."),
        "pretix_hubspot.recovered.connection": _("HubSpot accepts the access of pretix again."),
        "pretix_hubspot.event.digest.changed": _("The report about the transfer to HubSpot has been changed."),
    }
)
class EventConnectionLogEntryType(NoOpShredderMixin, EventLogEntryType):
    """An action on an event's use of a connection."""


@log_entry_types.new_from_dict(
    {
        "pretix_hubspot.event.problems.retried": _("Sync problems with HubSpot are tried again ({orders}): {cause}"),
        "pretix_hubspot.event.problems.dismissed": _("Sync problems with HubSpot were dismissed ({orders}): {cause}"),
    }
)
class CauseLogEntryType(NoOpShredderMixin, EventLogEntryType):
    """A user's action on a cause; the data names its code; our shredder cleans entries of older versions, which held
    more.
    """

    def display(self, logentry, data):
        failure = data.get("failure", {})
        cause = data.get("cause") or from_history(failure, logentry.event) or mode_word(failure.get("mode", ""))
        return str(self.plain).format(orders=data.get("orders", ""), cause=cause or "…")


@log_entry_types.new_from_dict(
    {
        "pretix_hubspot.order.ignored": _("The order is not sent to HubSpot any more, until “Sync now” is used."),
        "pretix_hubspot.order.dismissed": _("The sync problem with HubSpot was dismissed."),
    }
)
class OrderDecisionLogEntryType(NoOpShredderMixin, OrderLogEntryType):
    """A user's decision about an order; the data is empty."""


@log_entry_types.new_from_dict(
    {
        "pretix_hubspot.mapping.added": _("A HubSpot object mapping has been added: {mapping}"),
        "pretix_hubspot.mapping.changed": _("A HubSpot object mapping has been changed: {mapping}"),
        "pretix_hubspot.mapping.deleted": _("A HubSpot object mapping has been deleted: {mapping}"),
        "pretix_hubspot.mapping.access_regained": _(
            "HubSpot allows pretix again to send this object mapping: {mapping}"
        ),
    }
)
class MappingLogEntryType(NoOpShredderMixin, EventLogEntryType):
    """An action on an object mapping; the data holds its settings, no personal data."""

    def display(self, logentry, data):
        source = label(data.get("pretix_model"))
        object_type = STANDARD.get(data.get("external_object_type"))
        target = object_type.plural if object_type else data.get("external_object_type", "")
        return str(self.plain).format(mapping=f"{source} -> {target}")


@log_entry_types.new_from_dict(
    {"pretix_hubspot.order.previewed": _("Somebody looked at what HubSpot holds and would hold of this order.")}
)
class PreviewLogEntryType(NoOpShredderMixin, OrderLogEntryType):
    """A preview of CRM data; its content is not kept."""


#: Why a campaign ended before it was done.
RESEND_ENDS = {
    "left": _("The event stopped using the connection."),
    "moved": _("The event changed to another connection."),
    "disconnected": _("HubSpot was disconnected."),
    "shredded": _("Personal data was removed."),
}
RESEND_NUMBERS = {
    "": _("Orders: {orders}"),
    "pretix_hubspot.resend.canceled": _("Orders that were not sent: {orders}"),
    "pretix_hubspot.resend.finished": _("Done: {orders}, sync problems: {failed}"),
}


@log_entry_types.new_from_dict(
    {
        "pretix_hubspot.resend.started": _("Orders are sent to HubSpot again with changed object mappings."),
        "pretix_hubspot.resend.paused": _("Sending orders to HubSpot again has been paused."),
        "pretix_hubspot.resend.resumed": _("Sending orders to HubSpot again has been resumed."),
        "pretix_hubspot.resend.canceled": _("Sending orders to HubSpot again has been canceled."),
        "pretix_hubspot.resend.finished": _("Orders have been sent to HubSpot again."),
    }
)
class ResendLogEntryType(NoOpShredderMixin, EventLogEntryType):
    """Sending again in the background; the data holds numbers, whether no order was known to differ, and why it was
    canceled, unless a user wanted it.
    """

    def display(self, logentry, data):
        text = _("All orders are compared and sent to HubSpot where they differ.") if data.get("all") else self.plain
        words = [str(text), str(RESEND_ENDS.get(data.get("reason"), ""))]
        if "orders" in data:
            numbers = RESEND_NUMBERS.get(self.action_type, RESEND_NUMBERS[""])
            words.append(str(numbers).format(orders=data["orders"], failed=data.get("failed", 0)))
        return " ".join(filter(None, words))
