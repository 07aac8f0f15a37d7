"""The conventions of an event and its portal, such as time zone and currency; see ``values.rows.Conventions``."""

from django.utils.translation import gettext as _
from pretix.base.models import Event

from pretix_hubspot.models import Connection
from pretix_hubspot.server.config import percentages
from pretix_hubspot.values.rows import Conventions


def conventions(event: Event, connection: Connection) -> Conventions:
    """The conventions of the event's settings and of the portal as HubSpot described it last."""
    account = connection.account
    currency = account.get("currency") or ""
    return Conventions(
        currency=event.currency,
        time_zone=event.settings.timezone or "",
        portal_currency=currency,
        portal_currencies=frozenset({currency, *(account.get("additional_currencies") or ())}) - {""},
        portal_time_zone=account.get("time_zone") or "",
        percentages=percentages(),
    )


def currency_note(event: Event, connection: Connection) -> str:
    """How the event's amounts arrive if the portal does not use its currency; empty if it does, or if that is
    unknown.
    """
    known = conventions(event, connection)
    if not known.portal_currency or known.currency in known.portal_currencies:
        return ""
    return _(
        "Your HubSpot account does not use {currency}, the currency of this event. Amounts are left out, since HubSpot "
        "would show them in {portal_currency}. Please add the currency in the settings of your HubSpot account."
    ).format(currency=known.currency, portal_currency=known.portal_currency)
