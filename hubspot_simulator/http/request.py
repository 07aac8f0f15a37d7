"""A request on its way through the simulator, and the answer to it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from hubspot_simulator.backend import Backend
from hubspot_simulator.crm.objects.state import Author
from hubspot_simulator.crm.properties.values import Rules
from hubspot_simulator.crm.schemas.state import ObjectType
from hubspot_simulator.oauth.state import Grant
from hubspot_simulator.portal.state import Portal
from hubspot_simulator.problems import FORBIDDEN, Problem, missing_scopes

from .reading import take

DATED = ("2026-03", "2026-09")
ENFORCING = ("2026-09",)
JSON_TYPE = "application/json;charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"


@dataclass
class Raw:
    """A request as it came over the wire; header names in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    target: str = ""
    origin: str = ""


@dataclass
class Reply:
    """An answer; ``data`` is JSON unless ``text`` is given.

    ``reset`` and ``hang`` are not answers at all: the connection breaks, at once or after so many seconds.
    """

    status: int = 200
    data: object = None
    text: str | None = None
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False
    hang: float = 0.0
    cut: bool = False

    def payload(self) -> bytes:
        if self.text is not None:
            return self.text.encode()
        if self.data is None:
            return b""
        return json.dumps(self.data, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class Call:
    """An authorised API call with its parameters; what handlers work on."""

    backend: Backend
    portal: Portal
    grant: Grant
    version: str
    method: str
    path: str
    params: dict[str, str]
    query: dict[str, list[str]]
    body: object
    size: int = 0

    @property
    def legacy(self) -> bool:
        return self.version not in DATED

    @property
    def rules(self) -> Rules:
        """How values are checked in this version (hubspot.md 1.3)."""
        return Rules(self.portal.switches, normalise=self.version in ENFORCING)

    @property
    def author(self) -> Author:
        return Author("INTEGRATION", str(self.grant.app_id), self.grant.label)

    @property
    def kind(self) -> ObjectType:
        """The object type of the path."""
        return self.type_of(self.params["type"])

    def type_of(self, name: str) -> ObjectType:
        kind = self.portal.object_type(name)
        if self.portal.types.is_custom(kind) and self.portal.account.tier != "enterprise":
            raise Problem(FORBIDDEN, "Custom objects are not available to this account", "FORBIDDEN")
        return kind

    def require(self, *alternatives: str) -> None:
        """403 unless one of these scopes was granted (hubspot.md 2.4: alternatives, A)."""
        if not set(alternatives) & set(self.grant.scopes):
            raise missing_scopes(list(alternatives[:1]))

    def take(self, raw: object, allowed: Iterable[str], required: Iterable[str] = ()) -> dict:
        """A part of the body as an object; whether unknown keys are refused is the portal's switch."""
        return take(raw, allowed, required, self.portal.switches.unknown_keys == "refuse")

    def flag(self, name: str) -> bool:
        return self.query.get(name, ["false"])[-1].lower() == "true"

    def text(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[-1]

    def listed(self, name: str) -> list[str]:
        """A list parameter, repeated or separated by commas."""
        return [part for text in self.query.get(name, []) for part in text.split(",") if part]
