"""*Check connection*: check everything that an event needs for its orders to arrive, one by one.

No check writes into HubSpot. Every check is carried out even if another one failed, except that no check asks
HubSpot after HubSpot refused the token.
"""

import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import pretix
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pretix_hubspot import __version__
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.connections.lifecycle import for_event
from pretix_hubspot.failures.access import explain
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.mappings.editing import EditorSetup
from pretix_hubspot.server.config import ServerMisconfigured, server_config
from pretix_hubspot.server.links import event_url
from pretix_hubspot.server.patience import ASKED_FOR
from pretix_hubspot.server.safeguard import log_without_values

from . import access, schema, workers
from .findings import CheckReport, CheckResult, Finding, Status, fail, warn

__all__ = ["Finding", "NotConnected", "CheckReport", "CheckResult", "Status", "check_connection"]


class NotConnected(Exception):
    """The event uses no connection, so that no check is possible."""


class Diagnosis:
    """The event under check, its connection, and one client whose answers are timed."""

    def __init__(self, event, event_connection):
        self.event = event
        self.event_connection = event_connection
        self.connection = event_connection.connection
        self.schema_errors = {}  # object type -> why HubSpot did not describe it
        self.dates = []  # (HubSpot's clock, ours)
        self.skip_reason = ""  # why HubSpot is not asked (any more)

    @cached_property
    def client(self):
        return client_for(self.connection, patience=ASKED_FOR, on_request=self._note_date)

    @cached_property
    def account(self):
        """The portal as HubSpot describes it now."""
        return self.client.account()

    def _note_date(self, log):
        if log.date:
            self.dates.append((log.date, now()))

    @cached_property
    def catalog(self):
        return Catalog(self.connection, self.client)

    @cached_property
    def mappings(self):
        return list(self.event.hubspot_object_mappings.all())

    @cached_property
    def setups(self):
        """The editor's data of each mapping, from a schema that was just read."""
        for object_type in sorted({mapping.external_object_type for mapping in self.mappings}):
            try:
                self.catalog.refresh([object_type])
            except HubSpotError as error:
                self.schema_errors[object_type] = error
        return [EditorSetup(mapping, self.catalog) for mapping in self.mappings]

    def url(self, name, **kwargs):
        return event_url(self.event, name, **kwargs)


@dataclass(frozen=True)
class Check:
    """One check: ``run`` yields findings; errors of HubSpot and of the configuration become findings by themselves."""

    name: str
    title: str
    run: Callable[[Diagnosis], Iterable[Finding]]
    asks_hubspot: bool = False


CHECKS = (
    Check("server", gettext_lazy("Configuration of the server"), access.server),
    Check("connection", gettext_lazy("State of the connection"), access.state),
    Check("token", gettext_lazy("Access to HubSpot"), access.token, asks_hubspot=True),
    Check("scopes", gettext_lazy("Scopes"), access.scopes, asks_hubspot=True),
    Check("clock", gettext_lazy("Clock"), access.clock, asks_hubspot=True),
    Check("budget", gettext_lazy("Request budget"), access.request_budget),
    Check("mappings", gettext_lazy("Object mappings"), schema.mappings),
    Check("identifiers", gettext_lazy("Identifiers"), schema.identifiers, asks_hubspot=True),
    Check("properties", gettext_lazy("Mapped properties"), schema.properties, asks_hubspot=True),
    Check("currency", gettext_lazy("Currency"), schema.currency),
    Check("options", gettext_lazy("Options of value maps"), schema.options, asks_hubspot=True),
    Check("pipelines", gettext_lazy("Pipelines and stages"), schema.pipelines, asks_hubspot=True),
    Check("associations", gettext_lazy("Associations"), schema.associations, asks_hubspot=True),
    Check("queue", gettext_lazy("Queue"), workers.queue),
    Check("periodic", gettext_lazy("Periodic task"), workers.periodic_task),
    Check("worker", gettext_lazy("Workers"), workers.workers),
)


def check_connection(event, ask=True) -> CheckReport:
    """Carry out all checks, or only those that do not ask HubSpot. Raises ``NotConnected``."""
    event_connection = for_event(event)
    if event_connection is None:
        raise NotConnected
    diagnosis = Diagnosis(event, event_connection)
    if not ask:
        diagnosis.skip_reason = _("Not checked, since HubSpot was asked less than a minute ago.")
    results = tuple(_carry_out(check, diagnosis) for check in CHECKS)
    return CheckReport(_facts(diagnosis), results)


def _carry_out(check: Check, diagnosis: Diagnosis) -> CheckResult:
    if check.asks_hubspot and diagnosis.skip_reason:
        findings = (Finding(Status.SKIPPED, diagnosis.skip_reason),)
    else:
        findings = tuple(_findings(check, diagnosis))
    return CheckResult(check.name, str(check.title), findings)


def _findings(check: Check, diagnosis: Diagnosis) -> Iterable[Finding]:
    try:
        yield from check.run(diagnosis)
    except (HubSpotError, ServerMisconfigured) as error:
        if check.name == "token":
            diagnosis.skip_reason = _("Not checked, since HubSpot could not be asked.")
        report = warn if getattr(error, "retryable", False) else fail
        yield report(explain(error), _correlation(error))
    except Exception as error:  # one broken check must not hide the others
        log_without_values(f"The check {check.name} broke down", error)
        yield fail(_("This could not be checked ({error}).").format(error=type(error).__name__))


def _correlation(error):
    correlation_id = getattr(error, "correlation_id", "")
    return _("Correlation ID at HubSpot: {id}").format(id=correlation_id) if correlation_id else ""


def _facts(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    event, connection, config = diagnosis.event, diagnosis.connection, server_config()
    return (
        (_("Event"), f"{event.organizer.slug}/{event.slug}"),
        (_("Portal"), str(connection.portal_id)),
        (_("Connected by"), str(connection.get_kind_display())),
        (_("Time"), localtime(now(), event.timezone).isoformat(timespec="seconds")),
        (
            _("Versions"),
            f"pretix-hubspot {__version__}, pretix {pretix.__version__}, Python {platform.python_version()}",
        ),
        (_("HubSpot API"), f"{config.api_url or '-'} ({config.api_version})"),
    )
