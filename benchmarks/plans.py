"""The plans of the statements that the engine makes: which index each of them uses, and whether it scans a table."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection as database
from pretix.base.models import Order

from pretix_hubspot.models import KnownRecord, OrderState, RecordAlias, RecordUse

#: Tables that grow with the orders of years; a statement for one slice must not read one of them as a whole.
GROWING = {model._meta.db_table for model in (KnownRecord, RecordAlias, RecordUse, OrderState, Order)}
#: What is no part of a slice: its choice reads the queue, the sweep an event's whole log, or all its orders.
NOT_JUDGED = ("sync.worker.", "sync.sweep.", "sync.queue.things.", "sync.queue.campaigns.", "mappings.revisions.")
#: Cost of reading a whole index, as PostgreSQL estimates it, that is no scan: a partial one may be nearly empty.
CHEAP = 100.0
#: The hot queries, by the function that makes them.
HOT = {
    "sync.run.known_rows._read": "known keys, aliases",
    "sync.run.known_rows._read_sources": "sources",
    "sync.run.owners._best": "owners",
    "sync.run.leases.insert": "leases by key",
    "sync.run.leases.take": "leases by row",
    "sync.run.known_rows.by_id": "claim by record id",
    "sync.run.memory.store": "records, stored",
    "sync.run.uses.of_subjects": "uses of orders",
    "sync.run.loading._sent_parts": "uses that were sent",
    "sync.run.use_changes._store": "uses, stored",
    "sync.run.use_changes._delete": "uses, given up",
    "sync.run.forgetting.forget_unused": "records without a use",
    "sync.run.loading.states_of": "states of orders",
    "sync.run.order_states.store_states": "states, stored",
    "sync.run.history.log_counts": "length of histories",
    "sync.worker.next_rows": "choice of a slice",
    "sync.sweep.run": "recent log entries",
}
_PACKAGE = "pretix_hubspot."
_HELPERS = ("server.",)
_VERBS = ("SELECT", "(SELECT", "INSERT", "UPDATE", "DELETE")


@dataclass
class Statements:
    """Statements by the function of the plugin that made them, of each kind the one with most parameters."""

    found: dict[tuple[str, str], tuple[str, Any]] = field(default_factory=dict)

    @contextmanager
    def collected(self) -> Iterator[None]:
        with database.execute_wrapper(self._note):
            yield

    def _note(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(_VERBS) and (maker := _maker()):
            kind = (maker, sql.split(" IN (")[0])
            if kind not in self.found or len(sql) > len(self.found[kind][0]):
                self.found[kind] = (sql, params)
        return execute(sql, params, many, context)

    def explained(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """The plan of each statement, as its nodes, by its maker."""
        return [(maker, _nodes(sql, params)) for (maker, _), (sql, params) in sorted(self.found.items())]


def _maker() -> str:
    """The function of the plugin that makes a statement, without helpers that serve all of them."""
    frame: Any = sys._getframe(2)
    while frame:
        module = frame.f_globals.get("__name__", "")
        name, function = module.removeprefix(_PACKAGE), frame.f_code.co_name
        if name != module and not name.startswith(_HELPERS) and not function.startswith("<"):
            return f"{name}.{function}"
        frame = frame.f_back
    return ""


def _nodes(sql: str, params: Any) -> list[dict[str, Any]]:
    with database.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        [[plans]] = cursor.fetchall()
    return list(_below((json.loads(plans) if isinstance(plans, str) else plans)[0]["Plan"]))


def _below(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _below(child)


def scans(nodes: Iterable[dict[str, Any]]) -> list[str]:
    """The growing tables that a plan reads as a whole: row by row, or along an index without a condition."""
    return [
        node["Relation Name"]
        for node in nodes
        if node.get("Relation Name") in GROWING and (node["Node Type"] == "Seq Scan" or _is_whole_index(node))
    ]


def _is_whole_index(node: dict[str, Any]) -> bool:
    return "Index Name" in node and "Index Cond" not in node and node["Total Cost"] > CHEAP


def judged(explained: Iterable[tuple[str, list[dict[str, Any]]]]) -> list[str]:
    """What is wrong with these plans, one sentence each."""
    explained = list(explained)
    missing = [name for maker, name in HOT.items() if maker not in {maker for maker, _ in explained}]
    wrong = [f"The statement for {name} was not made" for name in missing]
    for maker, nodes in explained:
        if not maker.startswith(NOT_JUDGED):
            wrong += [f"{HOT.get(maker, maker)} scans {table}" for table in scans(nodes)]
    return wrong


def table(explained: Iterable[tuple[str, list[dict[str, Any]]]]) -> str:
    """What each hot query reads, and by which index, as rows of a table in Markdown."""
    rows: dict[str, None] = {}
    for maker, nodes in explained:
        if maker in HOT:
            reads = "; ".join(dict.fromkeys(filter(None, map(_read, nodes)))) or "inserts"
            rows[f"| {HOT[maker]} | {reads} |"] = None
    return "\n".join(sorted(rows))


def _read(node: dict[str, Any]) -> str:
    if index := node.get("Index Name"):
        return f"{node['Node Type']}, `{index}`"
    if node["Node Type"] == "Seq Scan":
        return f"Seq Scan of `{node['Relation Name']}`"
    arbiters = node.get("Conflict Arbiter Indexes", ())
    return f"Insert, `{arbiters[0]}`" if arbiters else ""
