"""The last days of an event as bars: orders sent, unchanged, and failed."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from pretix.base.models import Event

from pretix_hubspot.models import DailyCount

DAYS = 14
HEIGHT, STEP, BAR, LEFT = 100, 40, 26, 7
#: From the ground up: name, words, colour; the order distinguishes them without colours.
KINDS = (
    ("sent", _("Sent"), "#3b7f55"),
    ("unchanged", _("Unchanged"), "#8f8f8f"),
    ("failed", _("Failed"), "#b3382c"),
)


@dataclass(frozen=True)
class Bar:
    """One piece of a day's bar, in the picture's units."""

    x: int
    y: float
    height: float
    colour: str


@dataclass(frozen=True)
class Day:
    """One day's numbers and where its label stands."""

    date: date
    counts: tuple[int, ...]
    bars: tuple[Bar, ...]
    middle: int

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class Chart:
    """Fourteen days, the last of them today."""

    days: tuple[Day, ...]
    most: int
    width: int = DAYS * STEP
    height: int = HEIGHT
    bar: int = BAR
    kinds: tuple = KINDS

    @property
    def totals(self) -> tuple[int, ...]:
        return tuple(sum(numbers) for numbers in zip(*(day.counts for day in self.days), strict=True))


def chart(event: Event) -> Chart:
    """The chart of an event, in one query."""
    today = now().astimezone(event.timezone).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    rows = DailyCount.objects.filter(event=event, day__gte=days[0])
    counts = {day: tuple(numbers) for day, *numbers in rows.values_list("day", *(kind[0] for kind in KINDS))}
    none = (0,) * len(KINDS)
    most = max((sum(numbers) for numbers in counts.values()), default=0)
    return Chart(tuple(_day(i, day, counts.get(day, none), most) for i, day in enumerate(days)), most)


def _day(index: int, day: date, counts: tuple[int, ...], most: int) -> Day:
    bars, ground = [], float(HEIGHT)
    for count, (_name, _words, colour) in zip(counts, KINDS, strict=True):
        if count:
            height = max(1.0, round(count / most * HEIGHT, 1))  # a single failure among thousands still shows
            ground = max(0.0, round(ground - height, 1))
            bars.append(Bar(index * STEP + LEFT, ground, height, colour))
    return Day(day, counts, tuple(bars), index * STEP + STEP // 2)
