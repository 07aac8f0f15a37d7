"""A campaign as pages show it: how far it is, and how long it takes at the pace of the last minutes."""

import math
from dataclasses import dataclass
from datetime import timedelta

from django.utils.timezone import now
from pretix.base.models import Event

from pretix_hubspot.models import Campaign, Run
from pretix_hubspot.sync.queue import campaigns
from pretix_hubspot.sync.queue.triggers import Trigger

#: The pace is that of the event's newest runs: of so many at most, and none older than this.
RUNS, RECENT = 100, timedelta(minutes=10)


@dataclass(frozen=True)
class Shown:
    """A campaign's numbers of this moment; ``minutes`` are left, if that is known. ``total`` may grow until
    ``is_counted``.
    """

    campaign: Campaign
    done: int
    failed: int
    total: int
    is_counted: bool
    minutes: int | None

    @property
    def finished(self) -> int:
        return self.done + self.failed

    @property
    def is_paused(self) -> bool:
        return bool(self.campaign.state == Campaign.State.PAUSED)


def shown(event: Event) -> Shown | None:
    """The event's campaign that has work left, in a constant number of queries."""
    campaign = campaigns.current(event)
    if campaign is None:
        return None
    reached = campaigns.progress(campaign)
    left = reached.total - reached.done - reached.failed
    per_minute = _per_minute(campaign) if campaign.state == Campaign.State.RUNNING and reached.is_counted else 0
    minutes = math.ceil(left / per_minute) if per_minute else None
    return Shown(campaign, reached.done, reached.failed, reached.total, reached.is_counted, minutes)


def _per_minute(campaign: Campaign) -> float:
    """How many of the campaign's orders were sent in a minute lately."""
    since = max(campaign.started_at, now() - RECENT)
    runs = Run.objects.filter(event=campaign.event_id, started__gte=since).order_by("-started")
    found = list(runs.values_list("started", "triggers")[:RUNS])
    orders = sum(triggers.get(Trigger.RESEND, 0) for _, triggers in found)
    return 60 * orders / max(1.0, (now() - found[-1][0]).total_seconds()) if orders else 0.0
