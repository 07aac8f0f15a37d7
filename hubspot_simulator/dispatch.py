"""What happens to one request, in order: route, authorise, count, spoil, handle, spoil, log."""

import time
import traceback
from dataclasses import dataclass
from email.utils import formatdate

from .admin import api, browser
from .backend import Backend
from .crm.account import routes as account
from .crm.associations import routes as associations
from .crm.objects import batch_routes as batches
from .crm.objects import routes as objects
from .crm.pipelines import routes as pipelines
from .crm.properties import routes as properties
from .crm.schemas import routes as schemas
from .crm.search import routes as search
from .faults import AFTER, BEFORE, Fault
from .http.envelopes import new_correlation_id, problem_reply, token_reply
from .http.faulting import fault_reply
from .http.reading import check_query, parse_json, wrong_content
from .http.request import Call, Raw, Reply
from .http.routing import Match, Router
from .log import Request
from .oauth import routes as oauth
from .oauth.consent import authorize
from .oauth.state import Grant, TokenRefused
from .problems import TOO_LONG, Problem

ROUTER = Router(
    account.ROUTES,
    schemas.ROUTES,
    objects.ROUTES,
    batches.ROUTES,
    associations.ROUTES,
    pipelines.ROUTES,
    properties.ROUTES,
    search.ROUTES,
    oauth.ROUTES,
)


@dataclass
class Trip:
    """One request on its way, with what the log will say about it."""

    raw: Raw
    correlation_id: str
    stage: str = "unknown"
    match: Match | None = None
    call: Call | None = None
    grant: Grant | None = None
    fault: Fault | None = None


def handle(backend: Backend, raw: Raw) -> Reply:
    """The answer to any request that reaches the simulator."""
    if raw.path.startswith("/_simulator"):
        return api.handle(backend, raw)
    if raw.path in ("/", "/favicon.ico") or raw.path.startswith("/contacts/"):
        with backend.lock:
            return browser.show(backend, raw)
    started = time.monotonic()
    trip = Trip(raw, new_correlation_id())
    reply = _answer(backend, trip)
    reply.headers.setdefault("x-hubspot-correlation-id", trip.correlation_id)
    reply.headers["Date"] = formatdate(backend.clock(), usegmt=True)
    _log(backend, trip, reply, (time.monotonic() - started) * 1000)
    return reply


def _answer(backend: Backend, trip: Trip) -> Reply:
    try:
        if trip.raw.path.startswith("/oauth/"):
            return _oauth(backend, trip)
        return _api(backend, trip)
    except Problem as problem:
        return problem_reply(problem, trip.correlation_id, backend.switches.retry_after_on_429)
    except TokenRefused as refused:
        return token_reply(refused, trip.correlation_id)
    except Exception:
        backend.bugs.append(traceback.format_exc())
        traceback.print_exc()
        return Reply(500, {"status": "error", "message": "bug in the simulator", "correlationId": trip.correlation_id})


def _api(backend: Backend, trip: Trip) -> Reply:
    raw = trip.raw
    if len(raw.target) > backend.switches.max_url_chars:
        raise Problem(TOO_LONG, "URI too long")
    trip.match = ROUTER.find(raw.method, raw.path, backend.switches.legacy_sunset)
    trip.stage = trip.match.route.stage
    _sleep(backend, raw.path)
    with backend.lock:
        reply = _count_and_run(backend, trip)
    _sleep(backend, raw.path)
    return reply


def _count_and_run(backend: Backend, trip: Trip) -> Reply:
    match, raw = trip.match, trip.raw
    trip.grant = backend.auth.check(raw.headers.get("authorization", ""))
    portal = backend.portals[trip.grant.portal_id]
    backend.limits.count(portal, trip.grant, match.route.search)
    headers = {} if match.route.search else backend.limits.headers(portal, trip.grant)
    trip.fault = backend.faults.pick(raw.method, raw.path, trip.stage, backend.clock(), raw.body)
    trip.call = Call(
        backend, portal, trip.grant, match.version, raw.method, raw.path, match.params, raw.query, None, len(raw.body)
    )
    if trip.fault is not None and trip.fault.when == BEFORE:
        return fault_reply(backend, trip.fault, trip.call, trip.correlation_id, None)
    try:
        reply = _run(trip)
    except Problem as problem:
        reply = problem_reply(problem, trip.correlation_id, backend.switches.retry_after_on_429)
    reply.headers |= headers
    if trip.fault is not None and trip.fault.when == AFTER:
        return fault_reply(backend, trip.fault, trip.call, trip.correlation_id, reply)
    return reply


def _run(trip: Trip) -> Reply:
    call, raw = trip.call, trip.raw
    if call.portal.switches.unknown_keys == "refuse":
        check_query(raw.query, trip.match.route.query)
    if raw.method in ("POST", "PATCH", "PUT") and raw.body:
        content_type = raw.headers.get("content-type", "")
        if "json" not in content_type:
            raise wrong_content(content_type)
        call.body = parse_json(raw.body)
    return trip.match.route.handler(call)


def _oauth(backend: Backend, trip: Trip) -> Reply:
    """OAuth calls need no token and count to no limit (hubspot.md 3, U)."""
    raw = trip.raw
    parts = raw.path.strip("/").split("/")
    if parts[-1] == "authorize" and len(parts) <= 3:
        trip.stage = "authorize"
        with backend.lock:
            return authorize(backend, raw, int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else None)
    trip.stage = "token" if parts[-1] == "token" else "introspect"
    _sleep(backend, raw.path)
    with backend.lock:
        trip.fault = backend.faults.pick(raw.method, raw.path, trip.stage, backend.clock(), raw.body)
        if trip.fault is not None and trip.fault.when == BEFORE:
            return fault_reply(backend, trip.fault, None, trip.correlation_id, None)
        try:
            reply = oauth.answer(backend, raw)
        except TokenRefused as refused:
            reply = token_reply(refused, trip.correlation_id)
        if trip.fault is not None:
            reply = fault_reply(backend, trip.fault, None, trip.correlation_id, reply)
    _sleep(backend, raw.path)
    return reply


def _sleep(backend: Backend, path: str) -> None:
    """Half of the latency, once before the commit and once after it, outside the lock."""
    latency = backend.latency_ms
    if "/batch/" in path and backend.batch_latency_ms is not None:
        latency = backend.batch_latency_ms
    if latency:
        time.sleep(latency / 2000)


def _log(backend: Backend, trip: Trip, reply: Reply, milliseconds: float) -> None:
    """Paths of v1 token information hold the token itself, so they are cut."""
    path = trip.raw.path
    if trip.stage == "introspect" and "-tokens/" in path:
        path = path.rpartition("/")[0] + "/***"
    body = trip.call.body if trip.call is not None else None
    inputs = len(body["inputs"]) if isinstance(body, dict) and isinstance(body.get("inputs"), list) else 0
    params = trip.match.params if trip.match is not None else {}
    entry = Request(
        trip.raw.method,
        path,
        0 if reply.reset or reply.hang else reply.status,
        backend.clock(),
        trip.stage,
        inputs,
        params.get("type") or params.get("from") or "",
        trip.grant.app_id if trip.grant else None,
        trip.grant.portal_id if trip.grant else None,
        trip.fault.name if trip.fault else "",
        trip.correlation_id,
        round(milliseconds, 2),
    )
    with backend.lock:
        backend.requests.add(entry)
