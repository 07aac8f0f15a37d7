"""A connection on a page, and the ways to get one."""

from functools import cached_property

from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from pretix_hubspot.connections.access_request import asked_at
from pretix_hubspot.connections.oauth_app import return_url
from pretix_hubspot.connections.resting import RestingReason
from pretix_hubspot.control.forms.connect import TokenForm
from pretix_hubspot.failures.texts import describe_rest
from pretix_hubspot.models import Connection
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.links import event_url, portal_url
from pretix_hubspot.server.permissions import may_manage_connections
from pretix_hubspot.server.scopes import OPTIONAL_SCOPES, REQUIRED_SCOPES, lost_features

ACCOUNT_TYPES = {
    "STANDARD": _("Standard account"),
    "DEVELOPER_TEST": _("Developer test account"),
    "SANDBOX": _("Sandbox"),
    "APP_DEVELOPER": _("App developer account"),
}


class ConnectionPanel:
    """A connection in words. Never the tokens."""

    def __init__(self, connection, config):
        self.connection = connection
        self._config = config

    @property
    def url(self):
        return portal_url(self.connection, self._config)

    @property
    def name(self):
        return self.connection.account.get("name") or ""

    @property
    def account_type(self):
        reported = self.connection.account.get("account_type") or ""
        return ACCOUNT_TYPES.get(reported, reported)

    @property
    def time_zone(self):
        return self.connection.account.get("time_zone") or ""

    @property
    def is_revoked(self):
        return self.connection.status == Connection.Status.REVOKED

    @property
    def is_resting(self):
        until = self.connection.resting_until
        return bool(until and until > now())

    @property
    def lacks_scopes(self):
        return self.is_resting and self.connection.resting_reason == RestingReason.SCOPES

    @property
    def resting_reason(self):
        return describe_rest(self.connection.resting_reason)

    @property
    def is_oauth(self):
        return self.connection.kind == Connection.Kind.OAUTH

    @property
    def scopes(self):
        return sorted(self.connection.scopes)

    @property
    def token_form(self):
        """The form for a token, with ids of its own, since a page may show several connections."""
        return TokenForm(auto_id=f"id_%s_{self.connection.pk}")

    @cached_property
    def lost_features(self):
        return lost_features(self.connection.scopes)

    @property
    def lacks_unasked(self):
        """Whether a feature is missing because this server's app does not ask for its scopes: connecting again does
        not help.
        """
        missing = {scope for _lost, scopes in self.lost_features for scope in scopes}
        return self.is_oauth and not missing <= {*REQUIRED_SCOPES, *self._config.optional_scopes}


class WaysToConnect:
    """The two ways to get access, for the page of an event or of an organizer."""

    def __init__(self, request, oauth_url, token_url):
        self.may_manage = may_manage_connections(request)
        event = getattr(request, "event", None)
        self.ask_url = event_url(event, "connect.ask") if event and not self.may_manage else ""
        self.asked_at = asked_at(event) if self.ask_url else None
        config = server_config()
        self.has_oauth_app = config.has_oauth_app
        self.asked_scopes = config.optional_scopes
        self.oauth_url = oauth_url
        self.token_url = token_url
        self.token_form = TokenForm()
        self.refused = request.GET.get("refused", "")  # whose token was just refused: the box stays open
        self.required_scopes = [scope for scope in REQUIRED_SCOPES if scope != "oauth"]
        self.optional_scopes = list(OPTIONAL_SCOPES)
        self.return_url = return_url()
