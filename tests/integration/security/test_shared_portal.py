"""Two organizers with one portal, and two events of different teams: nobody reads the other's order codes."""

import pytest
from pretix.base.models import LogEntry, Organizer
from pretix.base.models.datasync import OrderSyncResult

from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.sync.joining import join
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures
from tests.integration.sync.story import Story


class Neighbour(Story):
    """Another organizer whose event uses the same portal."""

    def __init__(self, story):
        self.simulator = story.simulator
        self.organizer = Organizer.objects.create(name="Other", slug="other", plugins="pretix_hubspot")
        self.event = self.add_event("expo")
        self.connection = connect_token(self.organizer, self.simulator.service_key, None)
        self.joined = join(self.event, self.connection, None)
        self.add_mappings(self.event)


class Sibling(Story):
    """Another event of the same organizer with the same connection."""

    def __init__(self, story):
        self.simulator, self.organizer, self.connection = story.simulator, story.organizer, story.connection
        self.event = self.add_event("expo")
        self.joined = join(self.event, self.connection, None)
        self.add_mappings(self.event)


def said(order):
    """Everything that the order's page and history say about the transfer."""
    results = OrderSyncResult.objects.filter(order=order)
    shown = [(row.external_link_display_name, str(row.sync_info)) for row in results]
    return str(shown) + str([entry.data for entry in LogEntry.objects.filter(object_id=order.pk)])


@pytest.mark.parametrize("other", [Neighbour, Sibling])
def test_an_order_code_of_another_event_shows_nowhere(story, other):
    theirs = story.order("HIDDEN", email="ada@example.org")
    story.sync()
    other = other(story)
    mine = other.order("MINE1", email="ada@example.org")
    other.sync()
    story.queue(theirs, "user")
    story.sync()

    assert "ada@example.org" in said(mine) and "ada@example.org" in said(theirs)
    assert "HIDDEN" not in said(mine)
    assert "MINE1" not in said(theirs)


def test_nor_where_one_slice_holds_the_orders_of_both_events(story):
    sibling = Sibling(story)
    theirs, mine = story.order("HIDDEN", email="ada@example.org"), sibling.order("MINE1", email="ada@example.org")
    again = sibling.order("MINE2", email="ada@example.org")

    drain(story)

    assert "HIDDEN" not in said(mine) and "MINE" not in said(theirs)
    assert "also used by MINE2" in said(mine) and "also used by MINE1" in said(again)


def drain(story):
    from pretix_hubspot.sync import worker  # inline: the drain of a worker takes all events of a connection

    worker.work_through_queue(story.connection, seconds=10)


def test_orders_of_the_same_event_are_named_also_from_slices_before(story):
    story.order("A1", email="ada@example.org")
    story.sync()
    again = story.order("A2", email="ada@example.org")
    story.sync()

    assert "also used by A1" in said(again)
