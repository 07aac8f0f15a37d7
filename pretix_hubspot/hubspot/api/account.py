"""Endpoints about the portal: account, owners, limits, portal and scopes of a static token (hubspot.md 2.1, 13)."""

from typing import Any

from pretix_hubspot.hubspot.data.records import next_page
from pretix_hubspot.hubspot.data.schema import AccountDetails, Owner, TokenInfo
from pretix_hubspot.hubspot.errors import BadAnswer
from pretix_hubspot.hubspot.secret import Secret

from .base import Endpoints, rows, usable

_MAX_PAGES = 100


class AccountCalls(Endpoints):
    """Endpoints about the account."""

    def account(self) -> AccountDetails:
        operation = "account read"
        return usable(AccountDetails.from_json(self._call(operation, "GET", "/account-info/{V}/details")), operation)

    def owners(self, email: str | None = None, archived: bool = False) -> tuple[Owner, ...]:
        """All active owners, or the one with this address; with `archived`, the owners who left."""
        operation = "owners read"
        params = {"limit": "500", **({"email": email} if email else {}), **({"archived": "true"} if archived else {})}
        owners: list[Owner] = []
        for _ in range(_MAX_PAGES):
            answer = self._call(operation, "GET", "/crm/owners/{V}", params=params)
            owners += [owner for owner in map(Owner.from_json, rows(answer, operation)) if owner]
            after = next_page(answer)
            if after is None:
                return tuple(owners)
            params = {**params, "after": after}
        raise BadAnswer("HubSpot's pages of owners never end", operation=operation)

    def limits(self, kind: str) -> dict[str, Any]:
        """HubSpot's own JSON about one kind of limit: "records", "custom-properties", "pipelines", and so on."""
        return self._call(f"limits {kind} read", "GET", "/crm/limits/{V}/{}", [kind])

    def private_app_token_info(self, token: Secret) -> TokenInfo:
        """Portal and scopes of a service key or private app token.

        The token goes in the body, under a key that is documented but not observed (hubspot.md 2.1, B/U).
        The call is undated and does not count against the CRM's limit (hubspot.md 3, U).
        """
        operation = "token info"
        path = "/oauth/v2/private-apps/get/access-token-info"
        answer = self._call(operation, "POST", path, body={"tokenKey": token}, budget=None, token=token)
        return usable(TokenInfo.from_json(answer), operation)
