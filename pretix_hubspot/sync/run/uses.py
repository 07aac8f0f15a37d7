"""Read uses: which order, with which mapping, uses which record, and the associations that were made for it."""

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import QuerySet

from pretix_hubspot.models import RecordUse
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.send.association import Association, Place, Use

#: Subjects whose uses are read together.
PART = 1_000
_OF_RECORD = ("record__object_type", "record__record_id", "record__source_kind")

Uses = Mapping[Subject, Sequence[RecordUse]]


def of_subjects(portal_id: int, subjects: Iterable[Subject]) -> dict[Subject, list[RecordUse]]:
    """The uses of these subjects in one portal, each with its record."""
    by_subject: dict[Subject, list[RecordUse]] = {}
    by_kind: dict[str, list[int]] = {}
    for subject in subjects:
        by_kind.setdefault(subject.kind, []).append(subject.pk)
    for kind, pks in by_kind.items():
        for part in chunks(pks, PART):
            rows = RecordUse.objects.filter(subject_pk__in=part, subject_kind=kind, record__portal_id=portal_id)
            for use in rows.select_related("record").only(*_OF_RECORD, *_columns()).order_by("pk"):
                by_subject.setdefault(Subject(kind, use.subject_pk), []).append(use)
    return by_subject


def _columns() -> list[str]:
    return [field.name for field in RecordUse._meta.concrete_fields]


def places(uses: Sequence[RecordUse]) -> list[tuple[Use, Place]]:
    """The places of a subject's records at their last transfer, by mapping and part."""
    return [((use.mapping_id, use.part or None), _place(use)) for use in uses if use.record_number]


def associations(uses: Sequence[RecordUse]) -> set[Association]:
    """The associations that were made for a subject."""
    return {
        Association(_place(use), (object_type, record_id), label)
        for use in uses
        for object_type, record_id, label in use.associated
    }


def _place(use: RecordUse) -> Place:
    return (use.record.object_type, use.record_number)


def sent(portal_id: int, orders: Sequence[int]) -> QuerySet[RecordUse]:
    """The uses of these orders whose records arrived."""
    return RecordUse.objects.filter(
        subject_kind=Subject.of_order(0).kind,
        subject_pk__in=orders,
        record__portal_id=portal_id,
        state=RecordUse.State.SENT,
    )
