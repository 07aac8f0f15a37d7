"""Keys of ours that share a known record, since HubSpot had one record for all of them: two people who were merged."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Exists, OuterRef

from pretix_hubspot.models import KnownRecord, RecordAlias, RecordUse

from .leases import Row


def shared(rows: Mapping[str, Row]) -> set[str]:
    """The keys among these, each with its record's row, that share it with another key."""
    aliases = {key for key, row in rows.items() if row.key != key}
    own = {row.pk for key, row in rows.items() if row.key == key}
    shared_rows = set(RecordAlias.objects.filter(record__in=own).values_list("record_id", flat=True)) if own else set()
    return aliases | {key for key, row in rows.items() if row.pk in shared_rows}


def join(portal_id: int, former: Row, row: Row) -> None:
    """Let the keys and uses of a row lead to another one, since HubSpot has one record for both."""
    with transaction.atomic():
        RecordAlias.objects.filter(record=former.pk).update(record=row.pk)
        RecordAlias.objects.update_or_create(
            portal_id=portal_id, object_type=row.object_type, key=former.key, defaults={"record_id": row.pk}
        )
        same = {name: OuterRef(name) for name in ("subject_kind", "subject_pk", "mapping_id", "part")}
        uses = RecordUse.objects.filter(record=former.pk)
        uses.filter(Exists(RecordUse.objects.filter(record=row.pk, **same))).delete()
        uses.update(record=row.pk)
        KnownRecord.objects.filter(pk=former.pk).delete()


def part(portal_id: int, key: str, row: Row) -> Row:
    """Take a key away from the row that it shares, so that it can have one of its own. Returns the row as it is now.

    What a row is stored under passes to the oldest of its other keys.
    """
    of_record = RecordAlias.objects.filter(portal_id=portal_id, object_type=row.object_type, record=row.pk)
    with transaction.atomic():
        if row.key != key:
            of_record.filter(key=key).delete()
            return row
        heir = of_record.order_by("pk").first()
        if heir is None:  # another worker has parted them
            return row
        heir.delete()
        KnownRecord.objects.filter(pk=row.pk).update(key=heir.key)
    return row._replace(key=heir.key)
