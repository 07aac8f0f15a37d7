"""Forget records that nothing uses any more."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import now

from pretix_hubspot.models import KnownRecord, RecordLink, RecordUse
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.server.key_ranges import key_ranges
from pretix_hubspot.sources.snapshot import Subject

#: Rows that are deleted together.
PART = 1_000
#: Records that are looked at together.
STEP = 100_000


def shred(uses: QuerySet[RecordUse]) -> None:
    """Delete these uses, and all that is known of records that only they used."""
    for part in chunks(uses.order_by("pk").values_list("pk", "record_id").iterator(), PART):
        RecordUse.objects.filter(pk__in=[use for use, _ in part]).delete()
        unused = _unused({record for _, record in part})
        _delete_links(unused)
        unused.delete()


def _delete_links(records: QuerySet[KnownRecord]) -> None:
    """Delete what the version before stored of these records, by portal and object type as its index wants it."""
    places: dict[tuple[int, str], list[str]] = {}
    for portal_id, object_type, record_id in records.values_list("portal_id", "object_type", "record_id"):
        places.setdefault((portal_id, object_type), []).append(record_id)
    for (portal_id, object_type), ids in places.items():
        RecordLink.objects.filter(portal_id=portal_id, object_type=object_type, record_id__in=ids).delete()


def forget_unused(records: Iterable[int]) -> None:
    """Delete what is known of the records among these that nothing uses any more.

    A record that stands for one object of ours is remembered: its key tells nothing about a person, and its identifier
    may be given to another object later, which must not take it over.
    """
    _unused(records).filter(source_kind="").delete()


def forget_leftovers(step: int = STEP) -> int:
    """Forget what dead workers left: records that were never created, or that nobody uses since their data was
    shredded. Returns how many.

    All records are looked at, ``step`` of them in a statement; a living worker renews its leases.
    """
    used = Exists(RecordUse.objects.filter(record=OuterRef("pk")))
    leftovers = KnownRecord.objects.filter(~used, leased_until__lt=now()).filter(Q(record_id="") | Q(source_kind=""))
    return sum(leftovers.filter(pk__range=keys).delete()[0] for keys in key_ranges(KnownRecord.objects.all(), step))


def _unused(records: Iterable[int]) -> QuerySet[KnownRecord]:
    """The records among these that nothing uses, and that no worker is about to write."""
    used = Exists(RecordUse.objects.filter(record=OuterRef("pk")))
    return KnownRecord.objects.filter(~used, Q(leased_until=None) | Q(leased_until__lt=now()), pk__in=records)


def forget_reused(rows: Mapping[int, Mapping[str, Any]]) -> None:
    """Forget former records with the ids of new ones: HubSpot or our database went back to a former state.

    ``rows`` are the columns of the new records by their primary keys.
    """
    for pk, row in rows.items():
        place = {name: row[name] for name in ("portal_id", "object_type", "record_id")}
        KnownRecord.objects.filter(**place).exclude(pk=pk).update(record_id="", sent_hash="")


def order_deleted(order: int) -> None:
    """Forget what an order used that pretix has deleted, such as one in test mode."""
    subject = Subject.of_order(order)
    uses = RecordUse.objects.filter(subject_kind=subject.kind, subject_pk=subject.pk)
    records = set(uses.values_list("record_id", flat=True))
    uses.delete()
    forget_unused(records)
