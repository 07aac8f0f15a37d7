"""What is measured on tables as large as years of a large organizer leave them: records, their uses, and plans."""

import json
import time
from collections.abc import Sequence
from decimal import Decimal
from statistics import median
from typing import Any

from django.db import connection as database
from pretix.base.models import Order, OrderPosition

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.models import EventConnection, KnownRecord, RecordAlias
from pretix_hubspot.sources.event_context import EventContext
from pretix_hubspot.sync import sweep
from pretix_hubspot.sync.plan.plan import Plan
from pretix_hubspot.sync.run import loading, uses
from pretix_hubspot.sync.run.memory import Memory

from . import plans
from .fill import begin_behind, fill
from .place import Portal
from .scenarios import SHARING, Figures, drain
from .shop import Shop, settle
from .sizes import Sizes

#: Times that each reading is repeated.
TURNS = 15


def records(portal: Portal, sizes: Sizes) -> Figures:
    """Milliseconds for reading what is known about the records of one order, and of a slice of 100; and whether any
    statement of the engine scans a table.
    """
    portal.prepare()
    shop = Shop(portal)
    begin_behind(Order)
    orders = shop.backlog(SHARING)
    drain(shop, portal, SHARING)
    fill(orders[0], sizes)
    _rename(orders)
    one, of_slice = (_reading(_plan(shop, part)) for part in (orders[:1], orders))
    _explain(shop, portal, orders)
    return {
        "links_ms_one_order_at_3_5m": one[0],
        "links_ms_slice_at_3_5m": of_slice[0],
        "links_with_python_ms_one_order": one[1],
        "links_with_python_ms_slice": of_slice[1],
    }


def _plan(shop: Shop, orders: Sequence[Order]) -> Plan:
    pks = [order.pk for order in orders]
    return loading.plan(shop.connection.portal_id, Catalog(shop.connection), [(EventContext(shop.event), pks)])


def _rename(orders: Sequence[Order]) -> None:
    """Every tenth contact is known by a second key, every tenth deal by a former one."""
    rows = KnownRecord.objects.filter(uses__subject_pk__in=[order.pk for order in orders]).order_by("pk").distinct()
    contacts, deals = (rows.filter(object_type=name)[::10] for name in ("contacts", "deals"))
    for row in contacts:
        RecordAlias.objects.create(portal_id=row.portal_id, object_type="contacts", key=row.key, record=row)
    for row in (*contacts, *deals):
        KnownRecord.objects.filter(pk=row.pk).update(key=f"former {row.pk}")
    settle()


def _reading(plan: Plan) -> tuple[float, float]:
    """Milliseconds for what is known, in the median: what the database executes, and all of it with Python's part."""
    statements: list[tuple[str, Any]] = []

    def noted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    total = [_known(plan) for _ in range(TURNS)]
    with database.execute_wrapper(noted):
        _known(plan)
    executed = [median(_executed(sql, params) for _ in range(TURNS)) for sql, params in statements]
    return sum(executed), median(total)


def _known(plan: Plan) -> float:
    started = time.perf_counter()
    known = Memory(plan, plan.subjects).known()
    used = uses.of_subjects(plan.portal_id, plan.subjects)
    took = time.perf_counter() - started
    if known.keys() != plan.records.keys() or used.keys() != plan.subjects.keys():
        raise AssertionError(f"{len(known)} of {len(plan.records)} records are known")
    return took * 1000


def _executed(sql: str, params: Any) -> float:
    """Milliseconds that the database executes a statement."""
    with database.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", params)
        [[answer]] = cursor.fetchall()
    return (json.loads(answer) if isinstance(answer, str) else answer)[0]["Execution Time"]


def _explain(shop: Shop, portal: Portal, orders: Sequence[Order]) -> None:
    """Raise if a statement scans a table of records, uses or orders, while orders of all kinds are sent."""
    statements = plans.Statements()
    new = shop.sell(SHARING)
    shop.seed_half(new)
    with statements.collected():
        _change(orders)
        _send(shop, portal, [*orders, *new])
        shop.check([*orders, *new])
        _give_up(orders)
        _send(shop, portal, orders)
        sweep.run(EventConnection.objects.get(event=shop.event))
    plans.check(statements, plans.SLICES)


def _send(shop: Shop, portal: Portal, orders: Sequence[Order]) -> None:
    shop.queue(orders)
    drain(shop, portal, len(orders))


def _change(orders: Sequence[Order]) -> None:
    for order in orders:
        order.total = Decimal("120.00")
    Order.objects.bulk_update(orders, ["total"])


def _give_up(orders: Sequence[Order]) -> None:
    """Every second order loses a ticket, every fourth gets another buyer."""
    OrderPosition.objects.filter(order__in=orders[::2], positionid=1).update(canceled=True)
    for order in orders[::4]:
        order.email = f"other-{order.email}"
    Order.objects.bulk_update(orders, ["email"])
