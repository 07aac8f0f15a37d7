"""Scripted faults: which request goes wrong, how, and whether the write happened anyway.

``Faults.pick`` is asked once per request; the HTTP layer carries the fault out.
Every fault records that it fired, at which stage and on which side of the commit.
"""

import re
from dataclasses import asdict, dataclass, field

BEFORE, AFTER = "before", "after"
# Presets by name: the repertoire that a fault matrix runs through (hubspot.md 3).
PRESETS: dict[str, dict] = {
    "ten-secondly": {"kind": "status", "status": 429, "policy": "TEN_SECONDLY_ROLLING"},
    "daily": {"kind": "status", "status": 429, "policy": "DAILY"},
    "secondly": {"kind": "status", "status": 429, "policy": "SECONDLY"},
    "bad-request": {"kind": "status", "status": 400},
    "unauthorized": {"kind": "status", "status": 401},
    "forbidden": {"kind": "status", "status": 403},
    "conflict": {"kind": "status", "status": 409},
    "locked": {"kind": "status", "status": 423},
    "migration": {"kind": "status", "status": 477, "retry_after": 3600},
    "server-error": {"kind": "status", "status": 500},
    "bad-gateway": {"kind": "html", "status": 502},
    "unavailable": {"kind": "status", "status": 503},
    "gateway-timeout": {"kind": "html", "status": 504},
    "web-server-down": {"kind": "html", "status": 521},
    "edge-timeout": {"kind": "html", "status": 524},
    "edge-dns": {"kind": "html", "status": 530},
    "reset": {"kind": "reset"},
    "timeout": {"kind": "timeout", "seconds": 60.0},
    "truncated": {"kind": "truncated"},
    "malformed": {"kind": "malformed"},
    "empty-body": {"kind": "empty_body"},
    "missing-result": {"kind": "empty"},
    "drop-results": {"kind": "drop_results"},
}
# These spoil an answer, so there must be one.
ANSWER_KINDS = {"truncated", "malformed", "empty", "drop_results", "empty_body", "edited"}
KINDS = {"status", "html", "reset", "timeout", *ANSWER_KINDS}


@dataclass
class Fault:
    """One scripted fault.

    It matches requests by ``stage``, ``method``, ``path`` and ``body`` (regular expressions, searched);
    of the matching ones it takes the ``nth`` (from 1), or every ``every``-th, or each, at most ``times`` times.
    ``answer`` is what a JSON answer says instead, key by key; a key whose value is None is left out.
    ``when`` says on which side of the commit it strikes: before, nothing is written; after, everything is.
    """

    kind: str = "status"
    when: str = BEFORE
    stage: str = ""
    method: str = ""
    path: str = ""
    body: str = ""
    nth: int | None = None
    every: int | None = None
    times: int | None = 1
    status: int = 500
    policy: str = "TEN_SECONDLY_ROLLING"
    retry_after: int | None = None
    seconds: float = 60.0
    answer: dict = field(default_factory=dict)
    name: str = ""
    seen: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault: {self.kind}")
        if self.when not in (BEFORE, AFTER):
            raise ValueError(f"a fault strikes before or after the commit, not {self.when}")
        if self.kind in ANSWER_KINDS:
            self.when = AFTER
        if not self.name:
            self.name = f"{self.kind}-{self.status}" if self.kind in ("status", "html") else self.kind
        re.compile(self.path)
        re.compile(self.body)

    @classmethod
    def preset(cls, name: str, **changes: object) -> "Fault":
        """A fault from the repertoire, e.g. ``Fault.preset("bad-gateway", stage="create", when="after")``."""
        fault = cls(**(PRESETS[name] | changes))
        fault.name = name
        return fault

    def takes(self, method: str, path: str, stage: str, body: bytes) -> bool:
        """Whether this request goes wrong; counts the requests that match."""
        if (self.stage and self.stage != stage) or (self.method and self.method != method):
            return False
        if self.path and not re.search(self.path, path):
            return False
        if self.body and not re.search(self.body.encode(), body):
            return False
        self.seen += 1
        if self.times is not None and self.fired >= self.times:
            return False
        if self.nth is not None:
            return self.seen == self.nth
        return self.every is None or self.seen % self.every == 0


@dataclass(frozen=True)
class Fired:
    """A fault that struck: at which stage, on which side of the commit, on which request."""

    name: str
    kind: str
    stage: str
    when: str
    method: str
    path: str
    status: int
    at: float

    def as_dict(self) -> dict:
        return asdict(self)


@dataclass
class Faults:
    """The script; the first fault that takes a request wins."""

    scripted: list[Fault] = field(default_factory=list)
    fired: list[Fired] = field(default_factory=list)

    def add(self, fault: Fault | str | None = None, **fields: object) -> Fault:
        """Schedules a fault, the name of a preset with changes, or a fault made of ``fields``."""
        if isinstance(fault, str):
            fault = Fault.preset(fault, **fields)
        elif fault is None:
            fault = Fault(**fields)
        self.scripted.append(fault)
        return fault

    def clear(self) -> None:
        self.scripted.clear()
        self.fired.clear()

    def pick(self, method: str, path: str, stage: str, at: float, body: bytes) -> Fault | None:
        for fault in self.scripted:
            if fault.takes(method, path, stage, body):
                fault.fired += 1
                self.fired.append(Fired(fault.name, fault.kind, stage, fault.when, method, path, fault.status, at))
                return fault
        return None
