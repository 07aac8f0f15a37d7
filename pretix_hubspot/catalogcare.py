"""Looking after stored catalogues: failed attempts are remembered for a while, and old copies are renewed.

What HubSpot says about the account itself is renewed with them: it may have moved to another region.
"""

import logging
from datetime import timedelta

from django.db.models import Min, Q
from django.utils.timezone import now

from pretix_hubspot.config import ServerMisconfigured
from pretix_hubspot.connection import refresh_account
from pretix_hubspot.hubspot import errors
from pretix_hubspot.models import CatalogEntry, Connection

logger = logging.getLogger(__name__)

#: The kind of the row that remembers a failed attempt.
FAILED = "failed"
#: How long nobody waits for HubSpot's timeouts again.
PAUSE = timedelta(minutes=5)
#: What the periodic task renews.
OLD = timedelta(days=1)


def remember_failure(connection: Connection, error: Exception) -> None:
    """Only what passes by itself: a missing scope is told at once, and somebody may grant it in the next minute."""
    if not getattr(error, "retryable", False):
        return
    data = [{"error": type(error).__name__, "message": error.message}]
    CatalogEntry.objects.update_or_create(
        connection=connection, kind=FAILED, name="", defaults={"data": data, "fetched_at": now()}
    )


def forget_failure(connection: Connection) -> None:
    connection.catalog_entries.filter(kind=FAILED).delete()


def remembered(row: CatalogEntry | None) -> errors.HubSpotError | None:
    """The error of an attempt a moment ago, as if HubSpot had been asked again."""
    if row is None or row.fetched_at < now() - PAUSE:
        return None
    kind = getattr(errors, row.data[0]["error"], errors.ServerTrouble)
    return kind(row.data[0]["message"])


def outdated() -> list[int]:
    """Connections whose stored copies are older than a day, and that did not refuse to answer within the last hour."""
    failed = CatalogEntry.objects.filter(kind=FAILED, fetched_at__gt=now() - timedelta(hours=1))
    entries = CatalogEntry.objects.exclude(kind=FAILED).exclude(connection__in=failed.values("connection"))
    # What the portal no longer has is never renewed and stays old, so the last look at the whole counts too.
    looked = Q(connection__catalog_refreshed_at__isnull=True) | Q(connection__catalog_refreshed_at__lt=now() - OLD)
    active = entries.filter(looked, connection__status=Connection.Status.ACTIVE).values("connection")
    old = active.annotate(oldest=Min("fetched_at")).filter(oldest__lt=now() - OLD)
    return list(old.order_by("connection").values_list("connection", flat=True))


def renew(connection: Connection) -> bool:
    """Fetches everything stored again. Never raises for anything about HubSpot; answers whether it worked."""
    from pretix_hubspot.catalog import Catalog  # inline: the catalogue uses this module

    try:
        Catalog(connection).refresh()
        refresh_account(connection)
    except (errors.HubSpotError, ServerMisconfigured) as error:
        logger.warning("The catalogue of connection %s could not be renewed: %s", connection.pk, type(error).__name__)
        return False
    return True
