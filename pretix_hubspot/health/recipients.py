"""One notification per user about an event that concerns many events, such as lost access to a portal.

pretix notifies by event: with a connection that two hundred events use, a user would get two hundred mails.
"""

from collections.abc import Mapping, Sequence

from django.db.models import Q
from pretix.base.models import LogEntry, NotificationSetting, User
from pretix.base.services.notifications import send_notification
from pretix.helpers.celery import get_task_priority

from pretix_hubspot.connections.lifecycle import is_active

Subscriptions = Mapping[int | None, bool]  # by event; None is the choice for all others


def notify_once(entry_ids: Sequence[int]) -> int:
    """Notify each subscribed user, about one event each. Returns how many notifications were sent.

    ``entry_ids`` are log entries of one action, one for each event.
    """
    rows = LogEntry.all.select_related("event__organizer").filter(pk__in=entry_ids, event__isnull=False)
    entries = {entry.event_id: entry for entry in rows if is_active(entry.event)}
    sample = next(iter(entries.values()), None)
    kind = sample.notification_type if sample else None
    if kind is None:
        return 0
    sent = 0
    for (user, method), subscribed in _subscriptions(sample, kind.action_type, entries).items():
        events = [event for event in entries if subscribed.get(event, subscribed.get(None))]
        if event := _event_of(user, kind.required_permission, events):
            send_notification.apply_async(
                args=(entries[event].pk, kind.action_type, user.pk, method),
                priority=get_task_priority("notifications", sample.organizer_id),
            )
            sent += 1
    return sent


def _subscriptions(
    sample: LogEntry, action_type: str, entries: Mapping[int, LogEntry]
) -> dict[tuple[User, str], Subscriptions]:
    """The subscriptions of the organizer's users, by user and method; the user who acted is not notified."""
    settings = NotificationSetting.objects.filter(
        Q(event=None) | Q(event__in=entries),
        action_type=action_type,
        user__in=User.objects.filter(teams__organizer=sample.organizer_id, is_active=True, notifications_send=True),
    ).exclude(user=sample.user_id)
    subscriptions: dict[tuple[User, str], dict[int | None, bool]] = {}
    for setting in settings.select_related("user"):
        subscriptions.setdefault((setting.user, setting.method), {})[setting.event_id] = setting.enabled
    return subscriptions


def _event_of(user: User, permission: str, events: Sequence[int]) -> int | None:
    """The latest of these events that the user may see."""
    visible = user.get_events_with_permission(permission).filter(pk__in=events)
    return visible.order_by("-date_from", "pk").values_list("pk", flat=True).first()
