"""Celery entry points: thin, safe to run twice, safe to lose."""

from celery.signals import worker_ready
from django.conf import settings
from django_scopes import scopes_disabled
from pretix.base.services.tasks import TransactionAwareTask
from pretix.celery_app import app

from pretix_hubspot.catalog import refresh
from pretix_hubspot.connections.lifecycle import is_active
from pretix_hubspot.connections.resting import RestingReason
from pretix_hubspot.connections.tokens import is_in_use
from pretix_hubspot.health import alerts, counted, digest, recipients
from pretix_hubspot.models import Connection, EventConnection, Heartbeat, Round
from pretix_hubspot.server import metrics, workers
from pretix_hubspot.server.config import task_queue
from pretix_hubspot.server.safeguard import run_isolated
from pretix_hubspot.sync import provider, sweep, worker
from pretix_hubspot.sync.periodic import lap, rounds
from pretix_hubspot.sync.queue import campaigns, schedule
from pretix_hubspot.sync.run import run_log

#: Seconds after which a worker hands a long queue to the next task, so that other tasks of pretix get their turn.
TURN = 0.5

#: Seconds until somebody looks again whether one of a portal's workers is free.
NO_PLACE = 1.0

#: Seconds between "please end", when claims are given back, and the end of the process: an exchange may still take one.
GRACE = 120


def at_most(minutes: int) -> dict[str, int]:
    """Limits of a task, many times its usual duration: a task that hangs must not hold a worker for ever."""
    return {"soft_time_limit": minutes * 60, "time_limit": minutes * 60 + GRACE}


@app.task(base=TransactionAwareTask, acks_late=True, queue=task_queue(), **at_most(minutes=15))
def drain(connection_id: int) -> None:
    """Send a portal's waiting orders for a moment; call the next worker if that was not all."""
    workers.clear_call(connection_id)
    connection = Connection.objects.filter(pk=connection_id, status=Connection.Status.ACTIVE).first()
    if connection is None:
        return
    with workers.place_at(connection_id) as is_free:
        wait = _work(connection) if is_free else NO_PLACE
    if wait is not None:
        workers.call_worker(connection_id, wait)


def _work(connection: Connection) -> float | None:
    seconds = TURN if settings.HAS_CELERY else provider.TURN
    return worker.work_through_queue(connection, seconds=seconds, call_help=lambda: workers.call_worker(connection.pk))


@worker_ready.connect
def on_worker_ready(**kwargs):
    """A worker starts, perhaps with a new configuration."""
    after_start.apply_async()


@app.task(base=TransactionAwareTask, queue=task_queue(), **at_most(minutes=5))
def after_start() -> None:
    """End the rests that were caused by the server's configuration; if it is still wrong, the next attempt rests
    again.
    """
    resting = Connection.objects.filter(status=Connection.Status.ACTIVE, resting_reason=RestingReason.SERVER)
    for pk in list(resting.values_list("pk", flat=True)):
        resting.filter(pk=pk).update(resting_until=None, resting_reason="")
        workers.call_worker(pk)


@app.task(base=TransactionAwareTask, queue=task_queue(), **at_most(minutes=30))
def run_periodic() -> None:
    """The periodic round: release stuck claims, find missed orders, send waiting orders.

    All organizers of this server share it, so an error in one step or event stops no other.
    """
    with scopes_disabled():
        Heartbeat.record(Heartbeat.Name.WORKER)
        with rounds.only_one() as row:
            if row:
                _go_round(row)


def _go_round(row: Round) -> None:
    for step in (sweep.release_stuck_rows, schedule.rebuild, run_log.prune, metrics.collect, counted.keep_fresh):
        run_isolated(step)
        rounds.still_running(row)
    for step_of_round in (rounds.sweep_due, lap.go_on):
        run_isolated(step_of_round, row)
        rounds.still_running(row)
    for connection in Connection.objects.filter(status=Connection.Status.ACTIVE):
        run_isolated(campaigns.refill, connection)
        drain.apply_async(args=(connection.pk,))
    send_reports.apply_async()
    for pk in refresh.outdated():
        renew_catalog.apply_async(args=(pk,))


@app.task(base=TransactionAwareTask, acks_late=True, queue=task_queue(), **at_most(minutes=10))
def renew_catalog(connection_id: int) -> None:
    """Refresh a portal's catalogue a day after the last time; a portal that does not answer stops no other task."""
    connection = Connection.objects.filter(pk=connection_id, status=Connection.Status.ACTIVE).first()
    if connection and is_in_use(connection):
        refresh.renew(connection)


@app.task(base=TransactionAwareTask, queue=task_queue(), **at_most(minutes=15))
def send_reports() -> None:
    """Notify users of new sync problems and of recovery, and send the digests."""
    with scopes_disabled():
        rows = EventConnection.objects.exclude(connection__status=Connection.Status.DISCONNECTED)
        some = rows.filter(alerts.concerned() | digest.wanted()).select_related("event__organizer", "connection")
        for event_connection in filter(lambda row: is_active(row.event), some.order_by("pk")):
            run_isolated(alerts.notify, event_connection)
            run_isolated(digest.send_due, event_connection)


@app.task(base=TransactionAwareTask, queue=task_queue(), **at_most(minutes=15))
def notify(entry_ids: list[int]) -> None:
    """Notify each user once about log entries that concern many events."""
    with scopes_disabled():
        recipients.notify_once(entry_ids)


@app.task(base=TransactionAwareTask, queue=task_queue(), **at_most(minutes=10))
def count_orders(pks: list[int]) -> None:
    """Count orders where they are many, for the pages that show their numbers."""
    with scopes_disabled():
        counted.count(pks)
