"""Limit how often users cause requests to HubSpot: once a minute per connection and purpose.

Requests to HubSpot are shared by all events and workers of a connection, and so is this limit: it is a row of the
stored catalogue, taken in one atomic step. A user who comes too early works with the stored copy.
"""

from datetime import timedelta

from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from pretix_hubspot.models import CatalogEntry, Connection

#: The kind of the rows that remember when HubSpot was asked.
ASKED = "asked"
PAUSE = timedelta(minutes=1)

#: *Check connection*, *Refresh from HubSpot*, the editor that opens at a mistake, and *Try again*.
CHECK, REFRESH, REPAIR, RETRY = "check", "refresh", "repair", "retry"

#: A page on which users choose among an object type's properties, and an order that HubSpot refused for one of them.
SEE, DOUBT = "see:", "doubt:"
#: A mapping was saved, or access was granted, for which orders had failed.
CURED = "cured"

TOO_EARLY = _("HubSpot was asked less than a minute ago. Please try again in a minute.")


def may_ask(connection: Connection, purpose: str) -> bool:
    """Take the turn to ask HubSpot for this purpose; False if another request took it within the last minute."""
    stored, moment = CatalogEntry.objects.filter(connection=connection, kind=ASKED, name=purpose), now()
    long_ago = Q(fetched_at__lte=moment - PAUSE) | Q(fetched_at__gt=moment + PAUSE)  # the latter: a clock was put back
    if stored.filter(long_ago).update(fetched_at=moment, data=[]):
        return True
    row = {"connection": connection, "kind": ASKED, "name": purpose}
    return CatalogEntry.objects.get_or_create(**row, defaults={"fetched_at": moment})[1]


def reset(connection: Connection) -> None:
    """Allow *Check connection* and *Refresh* at once: after new access, HubSpot's earlier answers are of no use."""
    CatalogEntry.objects.filter(connection=connection, kind=ASKED, name__in=(CHECK, REFRESH)).delete()


def remember(connection: Connection, purpose: str, result: list) -> None:
    """Store the result for users who come too early; it must not hold secrets or personal data."""
    CatalogEntry.objects.filter(connection=connection, kind=ASKED, name=purpose).update(data=result)


def remembered(connection: Connection, purpose: str) -> list:
    """The stored result; empty while HubSpot is still being asked."""
    rows = CatalogEntry.objects.filter(connection=connection, kind=ASKED, name=purpose)
    return next(iter(rows.values_list("data", flat=True)), [])
