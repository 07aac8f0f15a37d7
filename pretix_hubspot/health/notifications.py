"""pretix's notifications: everybody chooses for themselves, and nobody gets one before."""

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
    """About an event as a whole; the log entry holds what there is to say."""

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
    """Once per cause, until it is gone."""

    action_type = FOUND
    verbose_name = gettext_lazy("HubSpot: new sync problems")
    page = "problems"

    def details(self, event, data):
        yield _("Orders"), str(data.get("orders", ""))
        yield _("Reason"), "\n".join(from_history(kept, event) for kept in data.get("failures", ()))


class ConnectionLost(HubSpotNotification):
    """HubSpot no longer accepts us."""

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
