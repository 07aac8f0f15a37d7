"""Refresh stored catalogues once a day, together with the portal's account, which may have moved to another region."""

import logging
from datetime import timedelta

from django.db.models import Min, Q
from django.utils.timezone import now

from pretix_hubspot.connections.lifecycle import refresh_account
from pretix_hubspot.connections.user_request_limit import ASKED
from pretix_hubspot.hubspot import errors
from pretix_hubspot.models import CatalogEntry, Connection
from pretix_hubspot.server.config import ServerMisconfigured

from .catalog import Catalog
from .last_failure import FAILED, LACKING

logger = logging.getLogger(__name__)

#: The age at which the periodic task refreshes a copy.
OLD = timedelta(days=1)


def outdated() -> list[int]:
    """Connections whose stored copies are older than a day, and that did not refuse to answer within the last hour."""
    failed = CatalogEntry.objects.filter(kind=FAILED, name="", fetched_at__gt=now() - timedelta(hours=1))
    stored = CatalogEntry.objects.exclude(kind__in=(FAILED, LACKING, ASKED))
    entries = stored.exclude(connection__in=failed.values("connection"))
    # Types that the portal no longer has are never fetched and stay old, so the last full refresh counts too.
    looked = Q(connection__catalog_refreshed_at__isnull=True) | Q(connection__catalog_refreshed_at__lt=now() - OLD)
    active = entries.filter(looked, connection__status=Connection.Status.ACTIVE).values("connection")
    old = active.annotate(oldest=Min("fetched_at")).filter(oldest__lt=now() - OLD)
    return list(old.order_by("connection").values_list("connection", flat=True))


def renew(connection: Connection) -> bool:
    """Fetch all stored types and the account again. Errors of HubSpot are logged; returns whether it worked."""
    try:
        Catalog(connection).refresh()
        refresh_account(connection)
    except (errors.HubSpotError, ServerMisconfigured) as error:
        logger.warning("The catalogue of connection %s could not be renewed: %s", connection.pk, type(error).__name__)
        return False
    return True
