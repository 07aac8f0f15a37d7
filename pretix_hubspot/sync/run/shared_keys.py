"""Keys of ours that share a known record, since HubSpot had one record for all of them: two people who were merged."""

from collections.abc import Mapping

from django.db import transaction

from pretix_hubspot.models import KnownRecord, RecordAlias

from .leases import Row


def shared(rows: Mapping[str, Row]) -> set[str]:
    """The keys among these, each with its record's row, that share it with another key."""
    aliases = {key for key, row in rows.items() if row.key != key}
    own = {row.pk for key, row in rows.items() if row.key == key}
    shared_rows = set(RecordAlias.objects.filter(record__in=own).values_list("record_id", flat=True)) if own else set()
    return aliases | {key for key, row in rows.items() if row.pk in shared_rows}


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
