"""Record links: which HubSpot record belongs to which of our keys, per portal, and where an order's records were."""

from collections.abc import Iterable, Mapping, Sequence

from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncResult

from pretix_hubspot.models import PROVIDER, URL_LENGTH, RecordLink, part_of
from pretix_hubspot.server.bulk_rows import store_rows
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.links import trusted
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.ownership import Contributor
from pretix_hubspot.sync.plan.plan import RecordKey
from pretix_hubspot.sync.send.association import Place
from pretix_hubspot.sync.send.detaching import Use
from pretix_hubspot.sync.send.outcome import SentRecord, StoredLink

from .results import EXCLUDED

_COLUMNS = ("object_type", "key", "record_id", "sent_hash", "url", "owner")


def known(portal_id: int, refs: Iterable[RecordKey]) -> dict[RecordKey, StoredLink]:
    """The stored links of these keys."""
    wanted = set(refs)
    links: dict[RecordKey, StoredLink] = {}
    for part in chunks(sorted(wanted), 5_000):
        types, keys = ({ref[index] for ref in part} for index in (0, 1))
        # Without the object type, the index is of no use beyond the portal, which may have millions of links.
        rows = RecordLink.objects.filter(portal_id=portal_id, object_type__in=types, key__in=keys)
        for object_type, key, record_id, sent_hash, url, owner in rows.values_list(*_COLUMNS):
            if (object_type, key) in wanted:
                links[(object_type, key)] = StoredLink(record_id, sent_hash, url, Contributor.from_json(owner))
    return links


def sent_earlier(orders: Sequence[Subject]) -> dict[Subject, dict[Use, Place]]:
    """The places of these subjects' records at their last transfer, by mapping and part."""
    places: dict[Subject, dict[Use, Place]] = {}
    for part in chunks([order.pk for order in orders], 1_000):
        rows = OrderSyncResult.objects.filter(order_id__in=part, sync_provider=PROVIDER)
        for row in rows.exclude(external_object_type=EXCLUDED):
            place = (row.external_object_type, row.sync_info.get("record", ""))
            places.setdefault(Subject.of_order(row.order_id), {})[row.mapping_id, part_of(row)] = place
    return places


def store(portal_id: int, sent: Mapping[RecordKey, SentRecord], before: Mapping[RecordKey, StoredLink]) -> None:
    """Store the places of records and their fingerprints; unchanged links are not written.

    Rows are written in the order of their keys, so that two workers never wait for each other in a circle.
    """
    config = server_config()
    urls = {ref: _storable(trusted(item.url, config)) for ref, item in sent.items()}
    moment = now()
    links = [
        {
            "portal_id": portal_id,
            "object_type": ref[0],
            "key": ref[1],
            "record_id": item.record_id,
            "sent_hash": item.fingerprint,
            "url": urls[ref],
            "owner": item.owner.to_json() if item.owner else {},
            "updated_at": moment,
        }
        for ref, item in sorted(sent.items())
        if before.get(ref) != StoredLink(item.record_id, item.fingerprint, urls[ref], item.owner)
    ]
    store_rows(
        RecordLink,
        links,
        unique=["portal_id", "object_type", "key"],
        update=["record_id", "sent_hash", "url", "owner", "updated_at"],
    )


def _storable(url: str) -> str:
    return url if len(url) <= URL_LENGTH else ""
