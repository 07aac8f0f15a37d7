"""The plugin's types of pretix's notifications: each user subscribes to them, none is sent by default."""

from django.dispatch import receiver
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pretix.base.notifications import Notification, NotificationType
from pretix.base.signals import register_notification_types

from pretix_hubspot.failures.explanations import from_history
from pretix_hubspot.server.links import event_address
from pretix_hubspot.server.permissions import EVENT_SETTINGS

from .alerts import FOUND


class HubSpotNotification(NotificationType):
    """A notification about an event as a whole; the log entry holds its content."""

    action_type = ""
    verbose_name = ""
    page = "settings"
    required_permission = EVENT_SETTINGS

    def build_notification(self, logentry):
        event = logentry.event
        url = event_address(event, self.page)
        notification = Notification(event=event, title=self.title(logentry), url=url)
        notification.add_attribute(_("Event"), event.name)
        for title, value in self.details(event, logentry.parsed_data):
            notification.add_attribute(title, value)
        notification.add_action(_("Show the HubSpot integration"), url)
        return notification

    def title(self, logentry):
        return str(self.verbose_name)

    def details(self, event, data):
        return ()


class NewProblems(HubSpotNotification):
    """Sent once per cause, until the cause is gone."""

    action_type = FOUND
    verbose_name = gettext_lazy("HubSpot: new sync problems")
    page = "problems"

    def details(self, event, data):
        yield _("Orders"), str(data.get("orders", ""))
        yield _("Reason"), "\n".join(from_history(failure, event) for failure in data.get("failures", ()))


class ConnectionLost(HubSpotNotification):
    """Sent when HubSpot no longer accepts our access."""

    action_type = "pretix_hubspot.connection.revoked"
    verbose_name = gettext_lazy("HubSpot: connection lost")

    def details(self, event, data):
        return _of_connection(data)


class Recovered(HubSpotNotification):
    """The last sync problem is gone, or the connection is back."""

    action_type = "pretix_hubspot.recovered.*"
    verbose_name = gettext_lazy("HubSpot: everything works again")

    def title(self, logentry):
        return logentry.display()

    def details(self, event, data):
        return _of_connection(data)


def _of_connection(data):
    """One notification stands for all events of a connection."""
    if data.get("portal"):
        yield _("HubSpot account"), str(data["portal"])
    if data.get("events", 1) > 1:
        yield _("Events that use it"), str(data["events"])


@receiver(register_notification_types, dispatch_uid="pretix_hubspot_notifications")
def on_register_notification_types(sender, **kwargs):
    return NewProblems(sender), ConnectionLost(sender), Recovered(sender)
