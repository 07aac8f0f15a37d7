"""A HubSpot that somebody else started: scripted over HTTP, as far as it lets us.

``HUBSPOT_API_URL`` names it; it has to offer what ``hubspot_simulator/README.md`` lists under "Admin API".
HubSpot itself offers nothing of the kind, and is left alone.
The classes have what tests use of ``hubspot_simulator.Simulator``, under the same names.
"""

import os
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import requests

URL = os.environ.get("HUBSPOT_API_URL", "").rstrip("/")
NEEDED = {"POST reset", "POST faults", "DELETE faults", "GET faults", "POST world", "GET state", "GET counters"}
NEEDED |= {"PATCH limits", "PATCH switches"}


class ExternalSimulator:
    """Empty at first; without limits, and as quick as it can be."""

    def __init__(self, url: str) -> None:
        self.url = url
        _skip_unless_scripted(url)
        self.ask("POST", "reset")
        self.ask("PATCH", "limits", burst=None, daily=None)
        self.ask("PATCH", "switches", property_lag_ms=0)
        self.service_key = self.ask("GET", "state")["service_key"]
        self.faults, self.limits = Faults(self.ask), Limits(self.ask)
        self.people = People(self.ask)
        self.portal = SimpleNamespace(schema=Schema(url, self.service_key))

    def ask(self, method: str, action: str, **body: object) -> dict:
        answer = requests.request(method, f"{self.url}/_simulator/{action}", json=body or None, timeout=60)
        assert answer.ok, f"{method} {action}: {answer.text}"
        return answer.json()

    def world(self, properties: dict) -> dict:
        return self.ask("POST", "world", properties=properties)

    @property
    def requests(self) -> SimpleNamespace:
        return SimpleNamespace(total=self.ask("GET", "counters")["total"])

    @property
    def bugs(self) -> list[str]:
        return self.ask("GET", "state").get("bugs", [])


class Faults:
    def __init__(self, ask: Callable[..., dict]) -> None:
        self._ask = ask

    def add(self, preset: str, **where: object) -> None:
        self._ask("POST", "faults", preset=preset, **where)

    def clear(self) -> None:
        self._ask("DELETE", "faults")

    @property
    def fired(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(**fired) for fired in self._ask("GET", "faults")["fired"]]


class Limits:
    def __init__(self, ask: Callable[..., dict]) -> None:
        self._ask = ask

    @property
    def daily(self) -> int | None:
        return self._ask("GET", "counters")["limits"]["daily"]

    @daily.setter
    def daily(self, number: int | None) -> None:
        self._ask("PATCH", "limits", daily=number)

    def used_today(self, portal: object) -> int:
        return self._ask("GET", "counters")["limits"]["used_today"]


class People:
    def __init__(self, ask: Callable[..., dict]) -> None:
        self._ask = ask

    def __getattr__(self, action: str) -> Callable[..., dict]:
        def act(*values: object, **named: object) -> dict:
            names = {"set_rules": ("type", "name", "rules"), "rotate_service_key": ("key",)}.get(action, ())
            return self._ask("POST", f"people/{action}", **dict(zip(names, values, strict=False)), **named)

        return act


class Schema:
    """Properties are made as any app makes them."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._headers = url, {"Authorization": f"Bearer {key}"}

    def create(self, object_type: str, prop) -> None:
        body = {"name": prop.name, "label": prop.label, "type": prop.type, "fieldType": prop.field_type}
        body |= {"groupName": prop.group, "hasUniqueValue": prop.unique}
        url = f"{self._url}/crm/v3/properties/{object_type}"
        requests.post(url, json=body, headers=self._headers, timeout=60).raise_for_status()


def _skip_unless_scripted(url: str) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        pytest.skip(f"{url} is one server for all tests: run them one after the other, JOBS=0")
    try:
        answer = requests.get(f"{url}/_simulator/", timeout=60)
        offered = set(answer.json()["actions"])
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        pytest.skip(f"{url} offers no scripted faults: GET /_simulator/ failed ({type(error).__name__})")
    if missing := {action for action in NEEDED if action.replace(" ", " /_simulator/") not in offered}:
        pytest.skip(f"{url} does not offer {', '.join(sorted(missing))} under /_simulator/")
