"""Records to remove from HubSpot: which ones orders are marked with, and whether each is still theirs alone."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.models import PROVIDER, EventConnection, KnownRecord, ObjectMapping, OrderState, RecordUse
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.plan import Plan
from pretix_hubspot.sync.queue import order_queue
from pretix_hubspot.sync.queue.triggers import Trigger
from pretix_hubspot.sync.send.outcome import Removal
from pretix_hubspot.sync.send.removing import FormerUse, Removals, to_remove

#: Rows that are handled together.
PART = 1_000
#: Orders that are queued in one round; the sweep begins one every minute.
ROUND = 10_000


def marked(portal_id: int, orders: Collection[int]) -> set[int]:
    """The orders among these with a record that is to be removed: a person confirmed it, or it failed before."""
    if not orders:
        return set()
    kind = Subject.of_order(0).kind
    rows = RecordUse.objects.filter(subject_pk__in=orders, subject_kind=kind, state=RecordUse.State.REMOVE)
    return set(rows.filter(record__portal_id=portal_id).values_list("subject_pk", flat=True))


def planned(plan: Plan, used: Mapping[Subject, Sequence[RecordUse]]) -> dict[Subject, list[Removal]]:
    """The records that the subjects of a plan have no use for, to be leased before ``alone`` decides.

    A mark of a mapping that exists means nothing by itself: the removal failed, and the position may be back since.
    """
    uses = {subject: used[subject] for subject in plan.subjects if subject in used}
    mappings = {use.mapping_id for some in uses.values() for use in some if use.state == RecordUse.State.REMOVE}
    existing = set(ObjectMapping.objects.filter(pk__in=mappings).values_list("pk", flat=True)) if mappings else set()
    found = {
        subject: to_remove(plan.subjects[subject], (_former(use, mappings - existing) for use in some))
        for subject, some in uses.items()
    }
    return {subject: removals for subject, removals in found.items() if removals}


def alone(removals: Removals, wanted: Iterable[int | None]) -> tuple[Removals, dict[Subject, list[Removal]]]:
    """Split into those that are nobody else's, and the others; for records that this worker has leased.

    ``wanted`` are the records of the plan, by primary key: a position that was split off has taken its record along.
    """
    stored = {removal.stored for of_subject in removals.values() for removal in of_subject}
    records = {removal.record for of_subject in removals.values() for removal in of_subject}
    if not records:
        return {}, {}
    uses = RecordUse.objects.filter(record__in=records).exclude(pk__in=stored)
    shared = set(uses.values_list("record_id", flat=True)) | set(wanted)
    numbers = dict(KnownRecord.objects.filter(pk__in=records).exclude(record_id="").values_list("pk", "record_id"))
    own: dict[Subject, list[Removal]] = {}
    others: dict[Subject, list[Removal]] = {}
    for subject, of_subject in removals.items():
        for removal in of_subject:
            is_own = removal.record not in shared and numbers.get(removal.record) == removal.place[1]
            (own if is_own else others).setdefault(subject, []).append(removal)
    return own, others


def begin(removals: Removals) -> None:
    """Note, before HubSpot is told, that these records go; if this worker dies, the next one cannot take them as sent.

    Without a hash of what was sent, a record that is wanted again is looked for.
    """
    going = [removal for of_subject in removals.values() for removal in of_subject]
    if going:
        uses = RecordUse.objects.filter(pk__in=[removal.stored for removal in going])
        uses.update(state=RecordUse.State.REMOVE)
        KnownRecord.objects.filter(pk__in={removal.record for removal in going}).update(sent_hash="")


def _former(use: RecordUse, deleted: Container[int]) -> FormerUse:
    place = (use.record.object_type, use.record.record_id)
    removal = Removal(use.pk, use.record_id, (use.mapping_id, use.part or None), place, use.label)
    is_own = bool(use.record.source_kind and use.record.record_id)
    return FormerUse(removal, is_own, use.state == RecordUse.State.REMOVE and use.mapping_id in deleted)


# Records of a mapping that a person deletes


def of_mappings(event_connection: EventConnection, mappings: Sequence[int]) -> QuerySet[RecordUse]:
    """The uses of records that pretix made with these mappings, and that stand for one order or position each."""
    uses = RecordUse.objects.filter(
        event=event_connection.event_id,
        mapping_id__in=mappings,
        record__portal_id=event_connection.connection.portal_id,
    )
    return uses.exclude(record_number="").exclude(record__source_kind="")


def mark(uses: QuerySet[RecordUse]) -> int:
    """Mark these records to be removed. Returns how many."""
    count, last = 0, 0
    while part := list(uses.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PART]):
        count += RecordUse.objects.filter(pk__in=part).update(state=RecordUse.State.REMOVE)
        last = part[-1]
    return count


def queue(event_connection: EventConnection) -> int:
    """Queue orders of which a record waits to be removed, as many as one round takes. Returns how many.

    Those of which the removal failed wait for a user, as with any sync problem.
    """
    uses = RecordUse.objects.filter(
        event=event_connection.event_id,
        state=RecordUse.State.REMOVE,
        subject_kind=Subject.of_order(0).kind,
        record__portal_id=event_connection.connection.portal_id,
    )
    queued = OrderSyncQueue.objects.filter(order=OuterRef("subject_pk"), sync_provider=PROVIDER)
    failed = OrderState.objects.filter(
        Q(cause__gt="") | Q(excluded_reason=Exclusion.DISMISSED), order=OuterRef("subject_pk")
    )
    orders = (
        uses.filter(~Exists(queued), ~Exists(failed))
        .order_by("subject_pk")
        .values_list("subject_pk", flat=True)
        .distinct()
    )
    found = list(orders[:ROUND])
    for part in chunks(found, PART):
        order_queue.enqueue(event_connection.event, part, Trigger.REMOVAL)
    return len(found)


def forget(removed: Iterable[int]) -> None:
    """Forget records that are gone, unless something uses them by now."""
    KnownRecord.objects.filter(pk__in=list(removed), uses=None).delete()
