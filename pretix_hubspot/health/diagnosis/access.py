"""Checks of access: whether this server may and can talk to the portal."""

from email.utils import parsedate_to_datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pretix_hubspot.connections.connecting import granted_scopes
from pretix_hubspot.connections.lifecycle import note_account
from pretix_hubspot.connections.request_budget import state_of
from pretix_hubspot.failures.texts import describe_rest
from pretix_hubspot.models import Connection
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.scopes import lost_features, missing_required

from .findings import fail, ok, warn

#: Seconds between our clock and HubSpot's. Tokens are refreshed 5 minutes ahead, so that more breaks refreshing.
ODD, BROKEN = 30, 240
LOW_PERCENT = 10


def server(diagnosis):
    config = server_config()
    for problem in config.warnings:
        yield fail(problem, _("Only the operator of this server can change this."))
    if diagnosis.connection.kind == Connection.Kind.OAUTH and not config.has_oauth_app:
        yield fail(
            _("This server has no HubSpot app any more, so the access cannot be renewed."),
            _("Only the operator of this server can change this."),
        )
    if not config.warnings:
        yield ok(_("Addresses, API version and HubSpot app are set up."))


def state(diagnosis):
    connection, event_connection = diagnosis.connection, diagnosis.event_connection
    if connection.status == Connection.Status.REVOKED:
        yield fail(_("Access was revoked in HubSpot."), _("Connect again."), diagnosis.url("settings"))
        return
    if connection.resting_until and connection.resting_until > now():
        until = date_format(localtime(connection.resting_until, diagnosis.event.timezone), "SHORT_DATETIME_FORMAT")
        reason = describe_rest(connection.resting_reason)
        yield warn(f"{reason} " + _("Orders wait until {until}.").format(until=until))
    if getattr(connection, "paused_since", None) or event_connection.paused_since:
        yield warn(_("The transfer is paused."), _("Orders wait until somebody resumes it."), diagnosis.url("settings"))
    if connection.status == Connection.Status.ACTIVE:
        yield ok(_("The event is connected to portal {portal}.").format(portal=connection.portal_id))


def token(diagnosis):
    account = diagnosis.account
    if account.portal_id != diagnosis.connection.portal_id:
        yield fail(
            _("The access is for portal {found}, but portal {expected} is connected.").format(
                found=account.portal_id, expected=diagnosis.connection.portal_id
            ),
            _("Disconnect, then connect the right portal."),
            diagnosis.url("settings"),
        )
    else:
        note_account(diagnosis.connection, account)
        yield ok(_("HubSpot accepts the access of pretix."))


def scopes(diagnosis):
    granted = granted_scopes(diagnosis.connection, diagnosis.client)
    if granted is None:
        yield warn(_("HubSpot does not say which scopes were granted. A missing one shows when it is needed."))
        return
    if missing := missing_required(granted):
        hint = _("Connect again to grant them.")
        yield fail(_("Missing scopes: {scopes}").format(scopes=", ".join(missing)), hint, diagnosis.url("settings"))
        return
    for lost, lacking in lost_features(granted):
        yield warn(str(lost), _("Missing scopes: {scopes}").format(scopes=", ".join(lacking)))
    text = ngettext("One scope is granted.", "{number} scopes are granted.", len(granted))
    yield ok(text.format(number=len(granted)))


def clock(diagnosis):
    if not diagnosis.dates:
        yield warn(_("HubSpot's answers do not tell the time."))
        return
    theirs, ours = diagnosis.dates[-1]
    try:
        seconds = round(abs((ours - parsedate_to_datetime(theirs)).total_seconds()))
    except (TypeError, ValueError):
        yield warn(_("HubSpot's answers do not tell the time."))
        return
    text = ngettext(
        "The clocks of this server and of HubSpot differ by one second.",
        "The clocks of this server and of HubSpot differ by {number} seconds.",
        seconds,
    ).format(number=seconds)
    hint = _("Access tokens may expire unnoticed. Have the server's clock synchronized (NTP).")
    yield fail(text, hint) if seconds >= BROKEN else warn(text, hint) if seconds >= ODD else ok(text)


def request_budget(diagnosis):
    """The budget that all workers share; reading it spends nothing."""
    state = state_of(diagnosis.connection.portal_id, diagnosis.connection.kind)
    now_ms = round(now().timestamp() * 1000)
    if state.crm.blocked_until > now_ms:
        seconds = (state.crm.blocked_until - now_ms) // 1000 + 1
        text = ngettext(
            "HubSpot asked for a pause of one second.", "HubSpot asked for a pause of {number} seconds.", seconds
        )
        yield warn(text.format(number=seconds), _("pretix waits, and goes on by itself."))
    limit, remaining = state.daily.limit, state.daily.remaining
    if limit > 0:
        text = _("{remaining} of {limit} requests are left today.").format(remaining=remaining, limit=limit)
        hint = _("Other apps of this HubSpot account use up the same daily limit.")
        low = remaining * 100 < limit * LOW_PERCENT
        yield fail(text, hint) if remaining <= 0 else warn(text, hint) if low else ok(text)
    yield ok(
        _("{used} of {limit} requests were used in the last {seconds} seconds.").format(
            used=state.crm.used(now_ms), limit=state.crm.limit, seconds=state.crm.interval_ms // 1000
        )
    )
