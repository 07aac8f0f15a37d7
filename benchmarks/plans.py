"""The plans of the statements that the engine makes: which index each of them uses, and whether it scans a table."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connection as database
from django.db.models import Model
from pretix.base.models import LogEntry, Order
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import KnownRecord, OrderState, RecordAlias, RecordUse

#: Cost of reading a whole index, as PostgreSQL estimates it, that is no scan: a partial one may be nearly empty.
CHEAP = 100.0


@dataclass(frozen=True)
class Rules:
    """Which tables no statement may read as a whole, and the hot queries, by the function that makes them: each must be
    among the statements. Others are judged too, unless their function's name begins with one of ``not_judged``.
    """

    growing: frozenset[str]
    hot: Mapping[str, str]
    not_judged: tuple[str, ...]


def _items() -> list[type[Model]]:
    return [model for name, model in apps.all_models["pretix_hubspot"].items() if name == "workitem"]


def _tables(*models: type[Model]) -> frozenset[str]:
    return frozenset(model._meta.db_table for model in models)


#: Of a slice. Its choice is no part of it, nor is the sweep; they are judged at size.
SLICES = Rules(
    growing=_tables(KnownRecord, RecordAlias, RecordUse, OrderState, Order),
    hot={
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
    },
    not_judged=("sync.worker.", "sync.sweep.", "sync.queue.", "mappings.revisions."),
)
#: Of choosing and of rounds, with a history of years, while everything waits. Others are only counted: a page that
#: counts an event's orders once a minute reads them, and so does long work where it starts.
AT_SIZE = Rules(
    growing=_tables(OrderState, Order, OrderSyncQueue, LogEntry, *_items()),
    hot={
        "sync.queue.schedule._first": "items, in the order of choosing",
        "sync.queue.schedule._promote": "items that became due",
        "sync.queue.schedule._rows": "rows of the chosen orders",
        "sync.periodic.news._by_entries": "news among log entries",
        "sync.periodic.lap.go_on": "the next part of all orders",
    },
    not_judged=("",),
)
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


def scans(nodes: Iterable[dict[str, Any]], growing: frozenset[str]) -> list[str]:
    """The growing tables that a plan reads as a whole: row by row, or along an index without a condition."""
    return [
        node["Relation Name"]
        for node in nodes
        if node.get("Relation Name") in growing and (node["Node Type"] == "Seq Scan" or _is_whole_index(node))
    ]


def _is_whole_index(node: dict[str, Any]) -> bool:
    return "Index Name" in node and "Index Cond" not in node and node["Total Cost"] > CHEAP


def judged(explained: Iterable[tuple[str, list[dict[str, Any]]]], rules: Rules) -> list[str]:
    """What is wrong with these plans, one sentence each."""
    explained = list(explained)
    missing = [name for maker, name in rules.hot.items() if maker not in {maker for maker, _ in explained}]
    wrong = [f"The statement for {name} was not made" for name in missing]
    for maker, nodes in explained:
        if maker in rules.hot or not maker.startswith(rules.not_judged):
            wrong += [f"{rules.hot.get(maker, maker)} scans {table}" for table in scans(nodes, rules.growing)]
    return list(dict.fromkeys(wrong))


def table(explained: Iterable[tuple[str, list[dict[str, Any]]]], rules: Rules) -> str:
    """What each hot query reads, and by which index, as rows of a table in Markdown."""
    rows: dict[str, None] = {}
    for maker, nodes in explained:
        if maker in rules.hot:
            reads = "; ".join(dict.fromkeys(filter(None, map(_read, nodes)))) or "inserts"
            rows[f"| {rules.hot[maker]} | {reads} |"] = None
    return "\n".join(sorted(rows))


def check(statements: Statements, rules: Rules) -> list[str]:
    """Print what the hot queries read, and raise if one of the judged reads a table as a whole. Returns which
    functions do.
    """
    explained = statements.explained()
    print(table(explained, rules), file=sys.stderr)
    if wrong := judged(explained, rules):
        raise AssertionError("; ".join(wrong))
    return list(dict.fromkeys(maker for maker, nodes in explained if scans(nodes, rules.growing)))


def _read(node: dict[str, Any]) -> str:
    if index := node.get("Index Name"):
        return f"{node['Node Type']}, `{index}`"
    if node["Node Type"] == "Seq Scan":
        return f"Seq Scan of `{node['Relation Name']}`"
    arbiters = node.get("Conflict Arbiter Indexes", ())
    return f"Insert, `{arbiters[0]}`" if arbiters else ""
