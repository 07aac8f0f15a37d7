"""How often people may have HubSpot asked: once a minute per connection and purpose, whoever clicks.

Requests to HubSpot are shared by all events and workers of a connection, and so is this limit: it is a row of the
stored catalogue, taken in one atomic step. Whoever comes too early works with what is stored.
"""

from datetime import timedelta

from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from pretix_hubspot.models import CatalogEntry, Connection

#: The kind of the rows that remember when HubSpot was asked.
ASKED = "asked"
PAUSE = timedelta(minutes=1)

#: *Check connection*, *Refresh from HubSpot*, the editor that opens at what has to be repaired, and *Try again*.
CHECK, REFRESH, REPAIR, RETRY = "check", "refresh", "repair", "retry"

#: A page on which people choose among an object type's properties, and an order that HubSpot refused for one of them.
SEE, DOUBT = "see:", "doubt:"
#: A mapping was saved, or access was granted, for which orders had failed.
CURED = "cured"

TOO_EARLY = _("HubSpot was asked less than a minute ago. Please try again in a minute.")


def may_ask(connection: Connection, purpose: str) -> bool:
    """Take the turn to ask HubSpot for this purpose. Only one of those who come within a minute gets it."""
    asked, moment = CatalogEntry.objects.filter(connection=connection, kind=ASKED, name=purpose), now()
    long_ago = Q(fetched_at__lte=moment - PAUSE) | Q(fetched_at__gt=moment + PAUSE)  # the latter: a clock was put back
    if asked.filter(long_ago).update(fetched_at=moment, data=[]):
        return True
    taken = {"connection": connection, "kind": ASKED, "name": purpose}
    return CatalogEntry.objects.get_or_create(**taken, defaults={"fetched_at": moment})[1]


def start_over(connection: Connection) -> None:
    """Access was granted anew: what HubSpot answered before says nothing about it, and nobody waits for a minute."""
    CatalogEntry.objects.filter(connection=connection, kind=ASKED, name__in=(CHECK, REFRESH)).delete()


def remember(connection: Connection, purpose: str, found: list) -> None:
    """Keep what came of asking for those who come too early; nothing secret and nothing personal."""
    CatalogEntry.objects.filter(connection=connection, kind=ASKED, name=purpose).update(data=found)


def remembered(connection: Connection, purpose: str) -> list:
    """What came of asking; empty while it is still under way."""
    rows = CatalogEntry.objects.filter(connection=connection, kind=ASKED, name=purpose)
    return next(iter(rows.values_list("data", flat=True)), [])
