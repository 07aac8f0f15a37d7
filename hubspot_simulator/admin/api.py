"""``/_simulator/...``: everything that tests in process can do, over HTTP and in JSON.

These requests need no token, count to no limit, are never spoiled and never logged.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from hubspot_simulator.clock import Clock, iso
from hubspot_simulator.faults import PRESETS, Fault
from hubspot_simulator.http.request import Raw, Reply
from hubspot_simulator.portal.state import Account
from hubspot_simulator.problems import Problem

from .people import ACTIONS

if TYPE_CHECKING:
    from hubspot_simulator.backend import Simulator

Action = Callable[["Simulator", Raw, dict], object]
APP_SETTINGS = ("redirect_urls", "required_scopes", "optional_scopes", "conditionally_required_scopes", "user_level",
                "client_secret", "name")
TABLE: dict[tuple[str, str], Action] = {}


def action(method: str, path: str) -> Callable[[Action], Action]:
    def register(handler: Action) -> Action:
        TABLE[method, path] = handler
        return handler
    return register


def handle(sim: "Simulator", raw: Raw) -> Reply:
    """Runs one admin action under the lock; what it can't understand is a 400 with the reason."""
    path = raw.path.removeprefix("/_simulator").strip("/")
    try:
        body = json.loads(raw.body) if raw.body else {}
        with sim.lock:
            if path.startswith("people/"):
                return Reply(200, _people(sim, path.removeprefix("people/"), body))
            handler = TABLE.get((raw.method, path))
            if handler is None:
                return Reply(404, {"error": f"no such action: {raw.method} {path}"})
            return Reply(200, handler(sim, raw, body))
    except Problem as problem:
        return Reply(400, {"error": problem.message, "kind": problem.kind})
    except (TypeError, ValueError, KeyError, StopIteration) as error:
        return Reply(400, {"error": f"{type(error).__name__}: {error}"})


def _people(sim: "Simulator", name: str, body: dict) -> dict:
    if name not in ACTIONS:
        raise ValueError(f"people can't do {name}; they can {', '.join(sorted(ACTIONS))}")
    return ACTIONS[name](sim.people, **body)


@action("GET", "")
def index(sim: "Simulator", raw: Raw, body: dict) -> object:
    return {"actions": sorted(f"{method} /_simulator/{path}" for method, path in TABLE),
            "people": sorted(ACTIONS), "faults": sorted(PRESETS)}


@action("GET", "state")
def state(sim: "Simulator", raw: Raw, body: dict) -> object:
    """How to connect, what time it is, what is switched."""
    app = next(iter(sim.auth.apps.values()))
    return {
        "portal": sim.portal.details(), "portals": sorted(sim.portals), "time": iso(sim.clock()),
        "service_key": sim.service_key, "client_id": app.client_id, "client_secret": app.client_secret,
        "switches": asdict(sim.switches), "latency_ms": sim.latency_ms, "batch_latency_ms": sim.batch_latency_ms,
        "records": {kind.name: len(sim.portal.store(kind.name).live) for kind in sim.portal.types.all},
        "associations": sim.portal.associations.count(), "bugs": sim.bugs,
    }


@action("POST", "reset")
def reset(sim: "Simulator", raw: Raw, body: dict) -> object:
    sim.reset()
    return {}


@action("PATCH", "switches")
def switches(sim: "Simulator", raw: Raw, body: dict) -> object:
    sim.switches.change(**body)
    return asdict(sim.switches)


@action("POST", "clock")
def clock(sim: "Simulator", raw: Raw, body: dict) -> object:
    if not isinstance(sim.clock, Clock):
        raise ValueError("this simulator's clock can't be advanced")
    return {"time": iso(sim.clock.advance(float(body["advance"])))}


@action("PATCH", "latency")
def latency(sim: "Simulator", raw: Raw, body: dict) -> object:
    sim.latency_ms = float(body.get("latency_ms", sim.latency_ms))
    if "batch_latency_ms" in body:
        sim.batch_latency_ms = None if body["batch_latency_ms"] is None else float(body["batch_latency_ms"])
    return {"latency_ms": sim.latency_ms, "batch_latency_ms": sim.batch_latency_ms}


@action("PATCH", "limits")
def limits(sim: "Simulator", raw: Raw, body: dict) -> object:
    """``burst``, ``daily``, ``search_per_second``; ``use_daily`` makes calls of somebody else."""
    for name in ("burst", "daily", "search_per_second"):
        if name in body:
            setattr(sim.limits, name, body[name])
    if body.get("use_daily"):
        sim.limits.use_up(sim.portal, int(body["use_daily"]))
    return counters(sim, raw, {})["limits"]


@action("POST", "records")
def seed(sim: "Simulator", raw: Raw, body: dict) -> object:
    """``{"type": ..., "records": [{...}, ...]}``: records that were there before."""
    return {"ids": [sim.record(body["type"], **properties).id for properties in body["records"]]}


@action("POST", "world")
def world(sim: "Simulator", raw: Raw, body: dict) -> object:
    return sim.world(body["properties"], body.get("portal_id"))


@action("GET", "writes")
def writes(sim: "Simulator", raw: Raw, body: dict) -> object:
    """How often each record was written through the API, and how many were created."""
    return {"created": dict(sim.portal.creates),
            "writes": [{"type": kind, "id": number, "count": count}
                       for (kind, number), count in sim.portal.writes.items()]}


@action("GET", "requests")
def requests(sim: "Simulator", raw: Raw, body: dict) -> object:
    """The log; ``?since=`` skips that many entries, ``?stage=`` and ``?status=`` filter."""
    since = int(raw.query.get("since", ["0"])[-1])
    stage, status = raw.query.get("stage", [""])[-1], raw.query.get("status", [""])[-1]
    found = list(sim.requests)[max(0, since - (sim.requests.total - len(sim.requests.entries))):]
    return {"total": sim.requests.total, "requests": [
        entry.as_dict() for entry in found
        if (not stage or entry.stage == stage) and (not status or entry.status == int(status))]}


@action("DELETE", "requests")
def clear_requests(sim: "Simulator", raw: Raw, body: dict) -> object:
    sim.requests.clear()
    return {}


@action("GET", "counters")
def counters(sim: "Simulator", raw: Raw, body: dict) -> dict:
    return sim.requests.counters() | {
        "rate_limit_violations": sim.limits.violations,
        "limits": {"burst": sim.limits.burst, "daily": sim.limits.daily,
                   "search_per_second": sim.limits.search_per_second, "by_policy": dict(sim.limits.by_policy),
                   "used_today": sim.limits.used_today(sim.portal)},
        "token_refreshes": sim.auth.refreshes,
    }


@action("GET", "faults")
def faults(sim: "Simulator", raw: Raw, body: dict) -> object:
    return {"scripted": [asdict(fault) for fault in sim.faults.scripted],
            "fired": [entry.as_dict() for entry in sim.faults.fired]}


@action("POST", "faults")
def add_fault(sim: "Simulator", raw: Raw, body: dict) -> object:
    """A fault, or ``{"preset": "bad-gateway", ...}``."""
    preset = body.pop("preset", None)
    return asdict(sim.faults.add(preset, **body) if preset else sim.faults.add(Fault(**body)))


@action("DELETE", "faults")
def clear_faults(sim: "Simulator", raw: Raw, body: dict) -> object:
    sim.faults.clear()
    return {}


@action("POST", "portals")
def add_portal(sim: "Simulator", raw: Raw, body: dict) -> object:
    """A further account to choose on the consent page."""
    portal = sim.add_portal(Account(**body))
    return portal.details()


@action("PATCH", "app")
def change_app(sim: "Simulator", raw: Raw, body: dict) -> object:
    """Settings of the OAuth app: its scopes, ``redirect_urls``, ``user_level``, ``client_secret`` or ``name``."""
    app = next(iter(sim.auth.apps.values()))
    for name, value in body.items():
        if name not in APP_SETTINGS:
            raise ValueError(f"unknown setting {name}")
        setattr(app, name, value)
    return {"client_id": app.client_id}
