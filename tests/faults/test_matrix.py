"""Every fault of the simulator × every stage of the engine × before and after the commit.

Each combination asserts that its fault fired and at which stage, that the failure word is right while it lasts,
and that the portal ends exactly as expected: nothing lost, nothing doubled.
One stage is built for all of them, since building it takes longer than a combination; every one has orders of its own.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count

import pytest
from django.db import transaction
from django_scopes import scopes_disabled
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult

from hubspot_simulator import PRESETS, Property
from hubspot_simulator.faults import ANSWER_KINDS
from pretix_hubspot.models import Connection, OrderState
from tests.counting import every_order_counts_once
from tests.integration.sync.story import KEY, Story

from .conftest import authorize, expected, expire, later, orders, portal, settle

pytestmark = [pytest.mark.faults, pytest.mark.django_db]

#: (what happens to the orders, stage of the engine that it strikes)
STAGES = (
    ("new", "read"),
    ("new", "create"),
    ("new", "associate"),
    ("new", "token"),
    ("changed", "read"),
    ("changed", "update"),
)
#: Beside the simulator's presets, by the name under which they fire. Pages of an edge or a proxy …
PAGES = {f"html-{status}": {"kind": "html", "status": status} for status in (400, 401, 403, 404)}
#: … and answers about the call, whatever is in it: why the portal rests if access as a whole is concerned, and the
#: word if only some calls get the answer.
ABOUT_THE_CALL = {
    "status-402": ("payment_required", "config"),
    "status-405": ("call_refused", "internal"),
    "status-410": ("version_ended", "internal"),
    "status-415": ("call_refused", "internal"),
    "status-451": ("legally_blocked", "config"),
}
FAULTS = (
    PRESETS | PAGES | {name: {"kind": "status", "status": int(name.removeprefix("status-"))} for name in ABOUT_THE_CALL}
)
#: Kinds that spoil the list of results, of which an answer of the token endpoint has none.
RESULTS = ("missing-result", "drop-results")


@dataclass(frozen=True)
class Case:
    order: str
    stage: str
    fault: str
    when: str

    def __str__(self):
        return f"{self.order}-{self.stage}-{self.fault}-{self.when}"


def cases():
    for order, stage in STAGES:
        for fault, preset in FAULTS.items():
            if stage == "token" and fault in RESULTS:
                continue
            for when in ("after",) if preset["kind"] in ANSWER_KINDS else ("before", "after"):
                yield Case(order, stage, fault, when)


CASES = list(cases())
assert len(CASES) >= 350

PORTAL = {"daily": "daily_limit", "migration": "migration", "unauthorized": "revoked"}
REFUSALS = {"bad-request": "permanent", "forbidden": "config", "conflict": "permanent"}


def word_of(case):
    """What the organizer reads while the fault lasts: a failure word, why the portal rests, or nothing at all."""
    if case.fault in ABOUT_THE_CALL:
        reason, mode = ABOUT_THE_CALL[case.fault]
        return f"resting: {reason}" if case.stage == "token" else mode
    if case.stage == "token":
        # The token endpoint knows no quota but its own, and no word of its errors is about an order.
        return "resting: daily_limit" if case.fault == "daily" else "resting: outage"
    if case.fault in PORTAL:
        return f"resting: {PORTAL[case.fault]}"
    if case.fault == "conflict" and (case.stage, case.when) == ("create", "after"):
        return ""  # the conflict is with our own record: reading it again settles everything
    if case.fault in REFUSALS:
        return REFUSALS[case.fault]
    if case.fault in RESULTS:
        return _silence(case)
    return "resting: outage"


def _silence(case):
    """Success was reported, but not for every record."""
    if case.stage != "associate":
        return ""  # looking again finds what is known or was written, and a create would meet a conflict
    if case.fault == "missing-result":
        return ""  # every association is answered twice, once for each direction
    return "temporary"


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker):
    """Story, simulator and OAuth connection for all combinations."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), scopes_disabled(), ExitStack() as stack:
        patch.setattr("django.conf.settings.ALLOW_HTTP_TO_PRIVATE_NETWORKS", True, raising=False)
        simulator, url = stack.enter_context(portal())
        patch.setenv("PRETIX_HUBSPOT_API_URL", url)
        patch.setenv("PRETIX_HUBSPOT_APP_URL", url)
        with transaction.atomic():
            simulator.portal.schema.create(
                "deals", Property(KEY, KEY, "string", "text", "dealinformation", unique=True)
            )
            story = Story(simulator)
            authorize(story, patch)
            story.numbers = count()
            story.sync()
            yield story
            transaction.set_rollback(True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_fault(stage, case, request):
    faults = stage.simulator.faults
    faults.clear()
    numbers = [next(stage.numbers), next(stage.numbers)]
    mine = orders(stage, numbers)
    amount = "100.0"
    if case.order == "changed":
        amount = "55.0"
        settle(stage)
        for order in mine:
            order.total = 55
            order.save()
            stage.queue(order, "order_changed")
    if case.fault == "timeout":
        request.getfixturevalue("short_timeouts")
    if case.stage == "token":
        expire(stage.connection)
    faults.add(**FAULTS[case.fault], name=case.fault, stage=case.stage, when=case.when, times=None)
    stage.sync()
    assert {(fired.name, fired.stage, fired.when) for fired in faults.fired} == {(case.fault, case.stage, case.when)}
    assert word(mine) == word_of(case)
    every_order_counts_once()
    faults.clear()
    retry_by_hand(mine)
    later()
    settle(stage)
    assert content(stage, numbers) == expected(numbers, amount)
    assert in_sync(mine)
    assert not stage.simulator.bugs


def word(mine):
    """The gravest word on any of the orders, or on the connection."""
    connection = Connection.objects.get()
    rows = OrderSyncQueue.objects.filter(order__in=mine)
    assert not rows.filter(in_flight=True).exists()
    assert connection.status == "active"
    if connection.resting_reason and connection.resting_until:
        assert rows.count() == 2, "every order waits"
        assert {row.failed_attempts for row in rows} == {0}, "and none is to blame"
        return f"resting: {connection.resting_reason}"
    modes = {row.need_manual_retry or "temporary" for row in rows}
    assert len(modes) <= 1
    return "".join(modes)


def retry_by_hand(mine):
    """What core's Retry does, for orders that stopped; nothing else needs a person."""
    OrderSyncQueue.objects.filter(order__in=mine).update(need_manual_retry=None)


def content(stage, numbers):
    """What the portal holds of these orders; everything else was looked at before."""
    codes = [f"A{n:03d}" for n in numbers]
    deals = [f"ADA/CONF/{code}" for code in codes]
    emails = [email for code in codes for email in (f"{code.lower()}@example.org", f"buyer-{code.lower()}@example.org")]
    world = stage.world()
    return {
        "contacts": [contact for contact in world["contacts"] if contact["email"] in emails],
        "deals": [deal for deal in world["deals"] if deal[KEY] in deals],
    }


def in_sync(mine):
    """Nothing waits, nothing failed, and the order page shows each record once."""
    assert not OrderSyncQueue.objects.exists()
    states = OrderState.objects.filter(order__in=mine)
    assert all(state.sent_hash and state.problem is None for state in states)
    return len(states) == len(mine) and OrderSyncResult.objects.filter(order__in=mine).count() == 3 * len(mine)


def test_nothing_is_left_over(stage):
    """After all combinations of this process: as many deals as orders, twice as many contacts."""
    total = next(stage.numbers)
    assert len(stage.world()["deals"]) == total
    assert len(stage.world()["contacts"]) == 2 * total
