"""``/_simulator/...``: everything that tests in process can do, over HTTP and in JSON.

These requests need no token, count to no limit, are never spoiled and never logged.
"""

from collections.abc import Callable
from dataclasses import asdict

from hubspot_simulator.backend import Backend
from hubspot_simulator.clock import Clock, iso
from hubspot_simulator.crm.account.state import Account
from hubspot_simulator.faults import PRESETS, Fault
from hubspot_simulator.http.reading import parse_json
from hubspot_simulator.http.request import Raw, Reply
from hubspot_simulator.problems import Problem

from .people import ACTIONS, People

Action = Callable[[Backend, Raw, dict], object]
APP_SETTINGS = (
    "redirect_urls",
    "required_scopes",
    "optional_scopes",
    "conditionally_required_scopes",
    "user_level",
    "client_secret",
    "name",
)
TABLE: dict[tuple[str, str], Action] = {}


def action(method: str, path: str) -> Callable[[Action], Action]:
    def register(handler: Action) -> Action:
        TABLE[method, path] = handler
        return handler

    return register


def handle(backend: Backend, raw: Raw) -> Reply:
    """Runs one admin action under the lock; what it can't understand is a 400 with the reason."""
    path = raw.path.removeprefix("/_simulator").strip("/")
    try:
        body = parse_json(raw.body) if raw.body else {}
        with backend.lock:
            if path.startswith("people/"):
                return Reply(200, _people(backend, path.removeprefix("people/"), body))
            handler = TABLE.get((raw.method, path))
            if handler is None:
                return Reply(404, {"error": f"no such action: {raw.method} {path}"})
            return Reply(200, handler(backend, raw, body))
    except Problem as problem:
        return Reply(400, {"error": problem.message, "kind": problem.kind})
    except (TypeError, ValueError, KeyError, StopIteration) as error:
        return Reply(400, {"error": f"{type(error).__name__}: {error}"})


def _people(backend: Backend, name: str, body: dict) -> dict:
    if name not in ACTIONS:
        raise ValueError(f"people can't do {name}; they can {', '.join(sorted(ACTIONS))}")
    return ACTIONS[name](People(backend), **body)


@action("GET", "")
def index(backend: Backend, raw: Raw, body: dict) -> object:
    return {
        "actions": sorted(f"{method} /_simulator/{path}" for method, path in TABLE),
        "people": sorted(ACTIONS),
        "faults": sorted(PRESETS),
    }


@action("GET", "state")
def state(backend: Backend, raw: Raw, body: dict) -> object:
    """How to connect, what time it is, what is switched."""
    app = next(iter(backend.auth.apps.values()))
    return {
        "portal": backend.portal.details(),
        "portals": sorted(backend.portals),
        "time": iso(backend.clock()),
        "service_key": backend.service_key,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "switches": asdict(backend.switches),
        "latency_ms": backend.latency_ms,
        "batch_latency_ms": backend.batch_latency_ms,
        "records": {kind.name: len(backend.portal.store(kind.name).live) for kind in backend.portal.types.all},
        "associations": backend.portal.associations.count(),
        "bugs": backend.bugs,
    }


@action("POST", "reset")
def reset(backend: Backend, raw: Raw, body: dict) -> object:
    backend.reset()
    return {}


@action("PATCH", "switches")
def switches(backend: Backend, raw: Raw, body: dict) -> object:
    backend.switches.change(**body)
    return asdict(backend.switches)


@action("POST", "clock")
def clock(backend: Backend, raw: Raw, body: dict) -> object:
    if not isinstance(backend.clock, Clock):
        raise ValueError("this simulator's clock can't be advanced")
    return {"time": iso(backend.clock.advance(float(body["advance"])))}


@action("PATCH", "latency")
def latency(backend: Backend, raw: Raw, body: dict) -> object:
    backend.latency_ms = float(body.get("latency_ms", backend.latency_ms))
    if "batch_latency_ms" in body:
        backend.batch_latency_ms = None if body["batch_latency_ms"] is None else float(body["batch_latency_ms"])
    return {"latency_ms": backend.latency_ms, "batch_latency_ms": backend.batch_latency_ms}


@action("PATCH", "limits")
def limits(backend: Backend, raw: Raw, body: dict) -> object:
    """``burst``, ``daily``, ``search_per_second``; ``use_daily`` makes calls of somebody else."""
    for name in ("burst", "daily", "search_per_second"):
        if name in body:
            setattr(backend.limits, name, body[name])
    if body.get("use_daily"):
        backend.limits.use_up(backend.portal, int(body["use_daily"]))
    return counters(backend, raw, {})["limits"]


@action("POST", "records")
def seed(backend: Backend, raw: Raw, body: dict) -> object:
    """``{"type": ..., "records": [{...}, ...]}``: records that were there before."""
    return {"ids": [backend.record(body["type"], **properties).id for properties in body["records"]]}


@action("POST", "world")
def world(backend: Backend, raw: Raw, body: dict) -> object:
    return backend.world(body["properties"], body.get("portal_id"))


@action("GET", "writes")
def writes(backend: Backend, raw: Raw, body: dict) -> object:
    """How often each record was written through the API, and how many were created."""
    return {
        "created": dict(backend.portal.creates),
        "writes": [
            {"type": kind, "id": number, "count": count} for (kind, number), count in backend.portal.writes.items()
        ],
    }


@action("GET", "requests")
def requests(backend: Backend, raw: Raw, body: dict) -> object:
    """The log; ``?since=`` skips that many entries, ``?stage=`` and ``?status=`` filter."""
    since = int(raw.query.get("since", ["0"])[-1])
    stage, status = raw.query.get("stage", [""])[-1], raw.query.get("status", [""])[-1]
    found = list(backend.requests)[max(0, since - (backend.requests.total - len(backend.requests.entries))) :]
    return {
        "total": backend.requests.total,
        "requests": [
            entry.as_dict()
            for entry in found
            if (not stage or entry.stage == stage) and (not status or entry.status == int(status))
        ],
    }


@action("DELETE", "requests")
def clear_requests(backend: Backend, raw: Raw, body: dict) -> object:
    backend.requests.clear()
    return {}


@action("GET", "counters")
def counters(backend: Backend, raw: Raw, body: dict) -> dict:
    return backend.requests.counters() | {
        "rate_limit_violations": backend.limits.violations,
        "limits": {
            "burst": backend.limits.burst,
            "daily": backend.limits.daily,
            "search_per_second": backend.limits.search_per_second,
            "by_policy": dict(backend.limits.by_policy),
            "used_today": backend.limits.used_today(backend.portal),
        },
        "token_refreshes": backend.auth.refreshes,
    }


@action("GET", "faults")
def faults(backend: Backend, raw: Raw, body: dict) -> object:
    return {
        "scripted": [asdict(fault) for fault in backend.faults.scripted],
        "fired": [entry.as_dict() for entry in backend.faults.fired],
    }


@action("POST", "faults")
def add_fault(backend: Backend, raw: Raw, body: dict) -> object:
    """A fault, or ``{"preset": "bad-gateway", ...}``."""
    preset = body.pop("preset", None)
    return asdict(backend.faults.add(preset, **body) if preset else backend.faults.add(Fault(**body)))


@action("DELETE", "faults")
def clear_faults(backend: Backend, raw: Raw, body: dict) -> object:
    backend.faults.clear()
    return {}


@action("POST", "portals")
def add_portal(backend: Backend, raw: Raw, body: dict) -> object:
    """A further account to choose on the consent page."""
    portal = backend.add_portal(Account(**body))
    return portal.details()


@action("PATCH", "app")
def change_app(backend: Backend, raw: Raw, body: dict) -> object:
    """Settings of the OAuth app: its scopes, ``redirect_urls``, ``user_level``, ``client_secret`` or ``name``."""
    app = next(iter(backend.auth.apps.values()))
    for name, value in body.items():
        if name not in APP_SETTINGS:
            raise ValueError(f"unknown setting {name}")
        setattr(app, name, value)
    return {"client_id": app.client_id}
