"""The chart of the last fourteen days: which days, which numbers, and bars in proportion."""

from datetime import UTC, date, datetime

import pytest
from freezegun import freeze_time

from pretix_hubspot.health.chart import HEIGHT, KINDS, chart
from pretix_hubspot.models import DailyCount

from .test_pages import BASE, text


def count(event, day, *numbers):
    words = [kind[0] for kind in KINDS]
    return DailyCount.objects.create(event=event, day=day, **dict(zip(words, numbers, strict=True)))


@pytest.fixture
def days(story):
    """In Berlin, the event's time zone, the 22nd begins at 23:00 UTC of the 21st."""
    for day, numbers in ((8, (9, 9, 9)), (9, (1, 0, 0)), (20, (3, 0, 1)), (21, (100, 200, 1)), (22, (0, 0, 2))):
        count(story.event, date(2026, 11, day), *numbers)
    count(story.add_event("gala"), date(2026, 11, 22), 7, 7, 7)
    with freeze_time(datetime(2026, 11, 21, 23, 30, tzinfo=UTC)):
        yield story


def test_fourteen_days_of_the_event_and_today_is_the_last(days):
    found = chart(days.event)
    assert [day.date.day for day in found.days] == list(range(9, 23))
    numbers = {day.date.day: day.counts for day in found.days if day.total}
    assert numbers == {9: (1, 0, 0), 20: (3, 0, 1), 21: (100, 200, 1), 22: (0, 0, 2)}
    assert (found.most, found.totals) == (301, (104, 200, 4))


def test_bars_stand_on_each_other_and_fill_the_picture(days):
    *_, of_20, of_21, of_22 = chart(days.event).days
    assert [bar.colour for bar in of_21.bars] == [kind[2] for kind in KINDS]
    assert sum(bar.height for bar in of_21.bars) == pytest.approx(HEIGHT, abs=1)
    ground = HEIGHT
    for bar in of_21.bars:
        assert bar.y + bar.height == pytest.approx(ground, abs=1)
        ground = bar.y
    assert of_21.bars[1].height == pytest.approx(2 * of_21.bars[0].height, abs=0.2)
    assert [bar.height for bar in of_22.bars] == [1.0], "two failures among hundreds still show"
    assert [bar.colour for bar in of_20.bars] == [KINDS[0][2], KINDS[2][2]], "nothing was unchanged"


def test_an_event_without_a_day(story):
    found = chart(story.event)
    assert (len(found.days), found.most, found.totals) == (14, 0, (0, 0, 0))
    assert not any(day.bars for day in found.days)


def test_the_settings_page_draws_it_and_has_it_as_a_table(days, client):
    page = text(client, BASE)
    figure = page[page.index("hubspot-chart") :].partition("</figure>")[0]
    assert figure.count("<title>") == 14
    assert "2026-11-21: 301" in figure
    row = figure[figure.index('<th scope="row">2026-11-21</th>') :].partition("</tr>")[0]
    assert [cell for cell in ("100", "200", "1") if f">{cell}</td>" not in row] == []
