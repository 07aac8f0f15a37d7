"""Errors of HubSpot in words, for a user who waits for the page."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pretix_hubspot.hubspot import errors
from pretix_hubspot.server.config import ServerMisconfigured

from .texts import describe_failure

UNAVAILABLE = (errors.HubSpotError, ServerMisconfigured)


def explain(error) -> str:
    """One or two sentences; HubSpot's own text if ours says less."""
    if isinstance(error, ServerMisconfigured):
        return _("HubSpot cannot be asked, since this server is not configured correctly. Please contact its operator.")
    if isinstance(error, errors.MissingScope):
        return _missing_scope(error)
    if isinstance(error, errors.AuthenticationFailed):  # perhaps by mistake, which only a second attempt shows
        return _("HubSpot does not accept the access of pretix at the moment. Please connect again if that lasts.")
    if isinstance(error, errors.TokenRevoked):
        return _("HubSpot no longer accepts the access granted to pretix. Please connect again.")
    if isinstance(error, errors.RateLimited):
        return _("HubSpot does not accept more requests at the moment. Please try again later.")
    if error.retryable or isinstance(error, errors.NoAnswer):
        return _("HubSpot cannot be reached at the moment. Please try again later.")
    if isinstance(error, errors.CallRefused):
        return describe_failure(error.code, {})
    return _("HubSpot refused this: {message}").format(message=_message_of(error))


def _missing_scope(error) -> str:
    scopes = error.required_scopes
    if not scopes:
        return _("HubSpot has not granted pretix a scope that is needed for this.")
    text = ngettext(
        "HubSpot has not granted pretix the scope that is needed for this: {scopes}",
        "HubSpot has not granted pretix one of the scopes that are needed for this: {scopes}",
        len(scopes),
    )
    return text.format(scopes=", ".join(scopes))


def _message_of(error) -> str:
    return error.message or _("no reason given")
