"""Failures of connecting, in words for the organizer. Never a token, never HubSpot's raw answer."""

from django.utils.translation import gettext as _

from pretix_hubspot.connections.connecting import ScopesMissing, WrongPortal
from pretix_hubspot.hubspot import errors
from pretix_hubspot.server.config import ServerMisconfigured

from .texts import describe_failure

#: All errors of connecting that are not bugs.
CONNECT_ERRORS = (errors.HubSpotError, ScopesMissing, WrongPortal, ServerMisconfigured)


def state_refusal(reason):
    """Why a return from HubSpot was not accepted."""
    return {
        "unknown": _("This authorization was not started here. Please request access again."),
        "foreign": _(
            "This authorization was started by a different user or in a different browser session. "
            "Please request access again."
        ),
        "used": _(
            "This authorization has been used already. If HubSpot is not connected, please request access again."
        ),
        "expired": _("This authorization took longer than ten minutes. Please request access again."),
    }[reason]


def denial(code):
    """The sentence for HubSpot's answer in place of a code."""
    if code == "access_denied":
        return _("Access was denied in HubSpot. Nothing has been changed.")
    return _("HubSpot did not grant access. Nothing has been changed.")


def oauth_failure(error):
    """Why HubSpot granted no tokens, or pretix did not accept them, after a user had granted access."""
    if isinstance(error, errors.AuthCodeRejected) or getattr(error, "category", "") == "BAD_CODE_VERIFIER":
        return _(
            "HubSpot did not accept the authorization, since it was used already or has expired. "
            "Please request access again."
        )
    if isinstance(error, ScopesMissing):
        return _("HubSpot did not grant everything that pretix needs. Missing scopes: {scopes}").format(
            scopes=", ".join(error.scopes)
        )
    return _common(error)


def token_failure(error):
    """Why a pasted token was not accepted."""
    if isinstance(error, ScopesMissing):
        return _(
            "This token is valid, but lacks scopes that pretix needs. Please add them in HubSpot: {scopes}"
        ).format(scopes=", ".join(error.scopes))
    if isinstance(error, (errors.AuthenticationFailed, errors.InvalidInput, errors.NotFound, errors.Forbidden)):
        return _(
            "HubSpot does not accept this token. Please check that you copied all of it and that it was not deleted."
        )
    return _common(error)


def _common(error):
    if isinstance(error, WrongPortal):
        return _(
            "This access is for portal {found}, but portal {expected} is to be reconnected. "
            "Nothing has been changed. To use a different portal, disconnect the current one first."
        ).format(found=error.found, expected=error.expected)
    if isinstance(error, (errors.OAuthMisconfigured, errors.BlockedByServer, ServerMisconfigured)):
        return _(
            "The HubSpot integration of this server is not set up correctly. Nothing has been changed. "
            "Please contact the operator of this server."
        )
    if isinstance(error, errors.RateLimited):
        text = _("HubSpot receives too many requests at the moment. Please try again in a minute.")
    elif isinstance(error, errors.CallRefused):
        text = describe_failure(error.code, {})
    elif error.retryable:
        text = _("HubSpot cannot be reached at the moment. Please try again in a few minutes.")
    else:
        text = _("HubSpot refused the request.")
    return text + " " + _("Nothing has been changed.")
