"""*Check connection* on a page: HubSpot is asked at most once a minute per connection.

A second click shows the stored report; a click in another event shows the checks that do not ask HubSpot.
"""

from dataclasses import asdict

from django.utils.translation import get_language

from pretix_hubspot.connections.lifecycle import for_event
from pretix_hubspot.connections.user_request_limit import CHECK, may_ask, remember, remembered

from . import NotConnected, check_connection
from .findings import CheckReport, CheckResult, Finding, Status


def recent_report(event) -> tuple[CheckReport, bool]:
    """The report, and whether it is complete and of this moment. Raises ``NotConnected``."""
    event_connection = for_event(event)
    if event_connection is None:
        raise NotConnected
    key = [event.pk, get_language()]
    if may_ask(event_connection.connection, CHECK):
        report = check_connection(event)
        remember(event_connection.connection, CHECK, [*key, asdict(report)])
        return report, True
    stored = remembered(event_connection.connection, CHECK)
    return (_report(stored[2]) if stored[:2] == key else check_connection(event, ask=False)), False


def _report(stored: dict) -> CheckReport:
    results = (
        CheckResult(
            r["check"], r["title"], tuple(Finding(**{**f, "status": Status(f["status"])}) for f in r["findings"])
        )
        for r in stored["results"]
    )
    return CheckReport(tuple(map(tuple, stored["facts"])), tuple(results))
