"""No room is entered again and again on a claim's way through the engine."""

import re
import sys
from collections import Counter
from itertools import groupby
from pathlib import Path

from pretix.base.models import OrderPosition
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.sync import worker
from pretix_hubspot.sync.run import engine

ROOMS = re.compile(r"^pretix_hubspot\.sync\.(?:run|queue)\.(\w+)$")
ARCHITECTURE = Path(__file__).parents[3] / "docs" / "architecture.md"
#: A line of the list in ``ARCHITECTURE``.
STEP = re.compile(r"^\d+\. `(\w+)`: ", re.M)


def rooms_entered(action):
    """The modules of ``sync/run`` and ``sync/queue``, in the order in which another module calls a function of theirs.

    A loop of such calls is one entry. What data says about itself, in a method, is none.
    """
    entered = []

    def note(frame, event, _argument):
        room, caller = ROOMS.match(frame.f_globals.get("__name__", "")), frame.f_back
        is_function = event == "call" and "." not in frame.f_code.co_qualname
        if room and is_function and caller and caller.f_globals.get("__name__") != room[0]:
            entered.append(room[1])

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return [room for room, _ in groupby(entered)]


def test_each_module_is_entered_twice_at_most_and_as_the_architecture_says(story):
    """A slice with all there is: what is sent, unchanged, not in scope, filtered, failing, and no longer associated."""
    for mapping in story.event.hubspot_object_mappings.all():
        mapping.options = {"filters": {"paid": True}, "canceled": "detach"}
        mapping.save()
    sent = story.order("S", status="p", attendees=[("ada@example.org", "Ada", "L"), ("bea@example.org", "Bea", "L")])
    unchanged = story.order("U", status="p")
    story.sync()
    OrderPosition.all.filter(order=sent, positionid=2).update(canceled=True)
    story.queue(sent)
    story.queue(unchanged)
    story.order("T", testmode=True)
    story.order("P", status="n")
    story.order("F", status="p", email="nonsense")

    rows = list(OrderSyncQueue.objects.values_list("pk", flat=True))
    entered = rooms_entered(lambda: worker.send(story.connection, [story.joined], rows))

    way = entered[entered.index(engine.__name__.rpartition(".")[2]) :]  # what is before that claims the rows
    assert max(Counter(way).values()) <= 2
    assert way == STEP.findall(ARCHITECTURE.read_text())
