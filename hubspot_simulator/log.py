"""What was asked of the simulator: one entry per request, counters that never forget."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, field

KEPT = 50_000


@dataclass
class Request:
    """One request; bodies, query values and tokens are never kept.

    ``stage`` is token, authorize, account, schema, read, create, update, upsert, archive, associate, search,
    pipelines, owners, limits, merge, gdpr or unknown.
    ``fault`` names the scripted fault that spoiled it, ``calls`` tells whether the request counts as an API call.
    """

    method: str
    path: str
    status: int
    at: float
    stage: str
    inputs: int = 0
    object_type: str = ""
    app_id: int | None = None
    portal_id: int | None = None
    fault: str = ""
    correlation_id: str = ""
    milliseconds: float = 0.0

    def as_dict(self) -> dict:
        return asdict(self)


@dataclass
class RequestLog:
    """The last requests, and counts by stage and by status since the last reset."""

    entries: deque[Request] = field(default_factory=lambda: deque(maxlen=KEPT))
    by_stage: Counter = field(default_factory=Counter)
    by_status: Counter = field(default_factory=Counter)
    inputs_by_stage: Counter = field(default_factory=Counter)
    largest_by_stage: Counter = field(default_factory=Counter)
    total: int = 0

    def add(self, request: Request) -> None:
        self.entries.append(request)
        self.total += 1
        self.by_stage[request.stage] += 1
        self.by_status[request.status] += 1
        self.inputs_by_stage[request.stage] += request.inputs
        self.largest_by_stage[request.stage] = max(self.largest_by_stage[request.stage], request.inputs)

    def __iter__(self):
        return iter(list(self.entries))

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, index: int) -> Request:
        return self.entries[index]

    def clear(self) -> None:
        self.entries.clear()
        for counter in (self.by_stage, self.by_status, self.inputs_by_stage, self.largest_by_stage):
            counter.clear()
        self.total = 0

    def counters(self) -> dict:
        return {
            "total": self.total,
            "by_stage": dict(self.by_stage),
            "by_status": {str(status): count for status, count in self.by_status.items()},
            "inputs_by_stage": dict(self.inputs_by_stage),
            "largest_by_stage": dict(self.largest_by_stage),
        }
