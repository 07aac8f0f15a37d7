"""Finding the handler of a path, in all versions at once (hubspot.md 1.2).

``crm/objects/2026-03/contacts`` and ``crm/v3/objects/contacts`` are the same family with another version.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from hubspot_simulator.problems import GONE, MISSING, WRONG_METHOD, Problem

from .request import DATED, Call, Reply

Handler = Callable[[Call], Reply]
LEGACY = {
    "objects": {"v3", "v4"},
    "associations": {"v4"},
    "properties": {"v3"},
    "property-validations": {"v3"},
    "pipelines": {"v3"},
    "owners": {"v3"},
    "schemas": {"v3"},
    "limits": {"v3"},
    "account-info": {"v3"},
    "oauth": {"v1", "v2", "v3"},
    "object-library": set(),
    "appinstalls": {"v3"},
}
UNDER_CRM = {
    "objects",
    "associations",
    "properties",
    "property-validations",
    "pipelines",
    "owners",
    "limits",
    "object-library",
}
LEGACY_VERSION = re.compile(r"v\d\Z")


@dataclass(frozen=True)
class Route:
    """One endpoint; ``stage`` is what the request log and the faults call it."""

    method: str
    pattern: tuple[str, ...]
    handler: Handler
    stage: str
    query: frozenset[str]
    search: bool = False


@dataclass(frozen=True)
class Match:
    """A route with the version and the parameters of one path."""

    route: Route
    version: str
    params: dict[str, str]


class Routes:
    """The endpoints of one area; its handlers register themselves by ``add``."""

    def __init__(self) -> None:
        self.by_family: dict[str, list[Route]] = {}

    def add(
        self, method: str, family: str, pattern: str, stage: str, query: tuple[str, ...] = ()
    ) -> Callable[[Handler], Handler]:
        """Registers a handler for ``pattern``, in which ``{name}`` stands for one segment."""

        def register(handler: Handler) -> Handler:
            segments = tuple(part for part in pattern.split("/") if part)
            route = Route(method, segments, handler, stage, frozenset(query), stage == "search")
            self.by_family.setdefault(family, []).append(route)
            return handler

        return register


class Router:
    """The endpoints of all areas; of those that fit a path, the first one of the method answers."""

    def __init__(self, *areas: Routes) -> None:
        self.by_family: dict[str, list[Route]] = {}
        for area in areas:
            for family, routes in area.by_family.items():
                self.by_family.setdefault(family, []).extend(routes)

    def find(self, method: str, path: str, sunset: bool = False) -> Match:
        """The route of a path; unknown paths and versions give 404, sunset versions 410."""
        family, version, rest = split(path)
        if version not in DATED and version not in LEGACY.get(family, set()):
            raise _unknown(path)
        if version == "v4" and family == "objects" and "associations" not in rest:
            raise _unknown(path)
        if sunset and version not in DATED:
            raise Problem(GONE, f"Version {version} of this API is no longer available")
        fitting = [
            (route, params)
            for route in self.by_family.get(family, ())
            if (params := _fit(route.pattern, rest)) is not None
        ]
        for route, params in fitting:
            if route.method == ("GET" if method == "HEAD" else method):
                return Match(route, version, params)
        if fitting:
            raise Problem(WRONG_METHOD, "HTTP 405 Method Not Allowed")
        raise _unknown(path)


def split(path: str) -> tuple[str, str, list[str]]:
    """Family, version and the remaining segments of a path."""
    parts = [unquote(part) for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "crm":
        family, version = (parts[2], parts[1]) if LEGACY_VERSION.match(parts[1]) else (parts[1], parts[2])
        if family in UNDER_CRM or (family == "schemas" and LEGACY_VERSION.match(version)):
            return family, version, parts[3:]
    if len(parts) >= 3 and parts[0] == "crm-object-schemas" and parts[2] == "schemas":
        return "schemas", parts[1], parts[3:]
    if len(parts) >= 3 and parts[0] in ("account-info", "oauth", "appinstalls"):
        return parts[0], parts[1], parts[2:]
    raise _unknown(path)


def _fit(pattern: tuple[str, ...], rest: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(rest):
        return None
    params = {}
    for expected, actual in zip(pattern, rest, strict=True):
        if expected.startswith("{"):
            params[expected[1:-1]] = actual
        elif expected != actual:
            return None
    return params


def _unknown(path: str) -> Problem:
    return Problem(MISSING, f"Unable to find a resource or API version at {path}")
