"""What stands behind the simulator's port: portals, credentials, limits, faults and the log; knows no HTTP."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random

from .clock import Clock
from .crm.account.limits import SEARCH_PER_SECOND, Limits
from .crm.account.state import Account
from .crm.objects.state import IMPORT, Author, Record
from .crm.objects.writing import commit, prepare_create, prepare_update
from .crm.properties.values import Rules
from .faults import Faults
from .log import RequestLog
from .oauth.state import App, Auth
from .portal.shown import shown
from .portal.state import Portal
from .portal.world import world
from .problems import INVALID, Problem
from .seed.custom_properties import add_custom_properties
from .switches import Switches

SERVICE_KEY = "pat-{region}-51500000-0000-4000-8000-000000000001"


class Backend:
    """The state of a simulated HubSpot with one portal; more can be added.

    ``clock`` is a ``Clock`` or any callable that answers seconds since the epoch.
    ``rate_limit`` is "auto" (as HubSpot), a number of calls per ten seconds, or None for no limit at all;
    the daily and the search limit follow ``daily_limit`` and ``search_limit`` alike.
    Latencies really sleep, outside the lock.
    ``bugs`` lists exceptions in the simulator itself, each of which was answered with a 500.
    Further keyword arguments are switches (see ``Switches``).
    """

    def __init__(
        self,
        portal_id: int = 48_100_001,
        *,
        clock: Callable[[], float] | None = None,
        region: str = "eu1",
        ui_origin: str = "",
        tier: str = "enterprise",
        time_zone: str = "Europe/Berlin",
        latency_ms: float = 0.0,
        batch_latency_ms: float | None = None,
        rate_limit: int | str | None = "auto",
        daily_limit: int | str | None = "auto",
        search_limit: int | str | None = "auto",
        custom_properties: int = 0,
        seed: int = 1,
        app: App | None = None,
        **switches: object,
    ):
        self.clock = clock or Clock()
        self.latency_ms = latency_ms
        self.batch_latency_ms = batch_latency_ms
        self.lock = threading.RLock()
        self._account = Account(portal_id, region=region, ui_origin=ui_origin, tier=tier, time_zone=time_zone)
        self._app = app or App()
        self._limits = (rate_limit, daily_limit, SEARCH_PER_SECOND if search_limit == "auto" else search_limit)
        self._custom_properties = custom_properties
        self._seed = seed
        self._switches = switches
        self.reset()

    def reset(self) -> None:
        """Back to an empty portal; switches and limits return to what the simulator was started with."""
        with self.lock:
            self.switches = Switches()
            self.switches.change(**self._switches)
            self.rng = Random(self._seed)
            self.faults = Faults()
            self.requests = RequestLog()
            self.bugs: list[str] = []
            burst, daily, search = self._limits
            self.limits = Limits(self.clock, burst, daily, search)
            self.auth = Auth(self.clock, self.rng)
            self.auth.apps[self._app.client_id] = self._app
            self.portals: dict[int, Portal] = {}
            self.portal = self.add_portal(self._account)
            region = self._account.region
            key = SERVICE_KEY.format(region=region)
            self.service_key = self.auth.add_service_key(self.portal.id, region, text=key, label=self._app.label)
            add_custom_properties(self.portal.schema, self._custom_properties)

    def add_portal(self, account: Account) -> Portal:
        """A further account, e.g. to connect to the wrong one by mistake."""
        portal = Portal(replace(account), self.clock, self.rng, self.switches)
        self.portals[portal.id] = portal
        return portal

    @property
    def rate_limit_violations(self) -> int:
        return self.limits.violations

    def world(self, properties: Mapping[str, Sequence[str]], portal_id: int | None = None) -> dict[str, list[dict]]:
        """The content of a portal as a literal; see ``world.world``."""
        with self.lock:
            return world(self.portals[portal_id] if portal_id else self.portal, properties)

    def record(self, type_name: str, author: Author = IMPORT, **properties: str) -> Record:
        """Puts a record into the portal behind the API's back, checked as any other write."""
        with self.lock:
            kind = self.portal.object_type(type_name)
            draft = prepare_create(self.portal, kind, properties, [], Rules(self.switches), set())
            return commit(self.portal, draft, author).record

    def shown(self, record: Record, name: str, portal_id: int | None = None) -> str:
        """What a person sees in a field of a record."""
        with self.lock:
            return shown(self.portals[portal_id] if portal_id else self.portal, record, name)

    def edit(self, record: Record, author: Author, **properties: str) -> Record:
        """Changes a record as a person or another app would."""
        with self.lock:
            kind = self.portal.object_type(record.type_name)
            draft = prepare_update(self.portal, kind, record, properties, Rules(self.switches), set())
            return commit(self.portal, draft, author).record

    def link(self, one: Record, other: Record, *labels: tuple[str, int]) -> None:
        """Associates two records, by default without a label; ``labels`` are (category, type id)."""
        with self.lock:
            entries = []
            for category, type_id in labels:
                entry = self.portal.association_types.find(category, type_id)
                if entry is None:
                    raise Problem(INVALID, f"Association type {type_id} does not exist")
                entries.append(entry)
            self.portal.associations.link((one.type_name, one.id), (other.type_name, other.id), entries)
