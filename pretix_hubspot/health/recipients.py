"""One notification for each person about something that concerns many events, such as lost access to a portal.

pretix notifies by event: with a connection that two hundred events use, a person would get two hundred mails.
"""

from collections.abc import Mapping, Sequence

from django.db.models import Q
from pretix.base.models import LogEntry, NotificationSetting, User
from pretix.base.services.notifications import send_notification
from pretix.helpers.celery import get_task_priority

from pretix_hubspot.connections.lifecycle import is_active

Wishes = Mapping[int | None, bool]  # by event; None is what holds for all others


def notify_once(entry_ids: Sequence[int]) -> int:
    """Notify everybody who wants to know, about one event each. Returns how many notifications were sent.

    ``entry_ids`` are log entries of one action, one for each event.
    """
    found = LogEntry.all.select_related("event__organizer").filter(pk__in=entry_ids, event__isnull=False)
    entries = {entry.event_id: entry for entry in found if is_active(entry.event)}
    sample = next(iter(entries.values()), None)
    kind = sample.notification_type if sample else None
    if kind is None:
        return 0
    sent = 0
    for (user, method), wishes in _wishes(sample, kind.action_type, entries).items():
        if event := _event_of(user, kind.required_permission, [e for e in entries if wishes.get(e, wishes.get(None))]):
            send_notification.apply_async(
                args=(entries[event].pk, kind.action_type, user.pk, method),
                priority=get_task_priority("notifications", sample.organizer_id),
            )
            sent += 1
    return sent


def _wishes(sample: LogEntry, action_type: str, entries: Mapping[int, LogEntry]) -> dict[tuple[User, str], Wishes]:
    """What the organizer's people chose, by person and method; nobody is told about what they did themselves."""
    settings = NotificationSetting.objects.filter(
        Q(event=None) | Q(event__in=entries),
        action_type=action_type,
        user__in=User.objects.filter(teams__organizer=sample.organizer_id, is_active=True, notifications_send=True),
    ).exclude(user=sample.user_id)
    found: dict[tuple[User, str], dict[int | None, bool]] = {}
    for setting in settings.select_related("user"):
        found.setdefault((setting.user, setting.method), {})[setting.event_id] = setting.enabled
    return found


def _event_of(user: User, permission: str, wanted: Sequence[int]) -> int | None:
    """The latest of these events about which the person may know."""
    seen = user.get_events_with_permission(permission).filter(pk__in=wanted)
    return seen.order_by("-date_from", "pk").values_list("pk", flat=True).first()
