"""Result rows: an order's records on its page, or the reason why it is left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TypeAlias

from django.utils.timezone import now
from django.utils.translation import gettext as _
from pretix.base.i18n import language
from pretix.base.models import Event, Order
from pretix.base.models.datasync import OrderSyncResult

from pretix_hubspot.models import PROVIDER, part_of
from pretix_hubspot.server.bulk_rows import store_rows
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.sources.snapshot import POSITION, Subject
from pretix_hubspot.sync.plan.plan import Plan, WantedRecord
from pretix_hubspot.sync.plan.planner import LEFT_OUT
from pretix_hubspot.sync.send.outcome import RecordAction, Removal
from pretix_hubspot.values.rows import Refusal

from .judge import Written

#: The object type of result rows that hold an exclusion.
EXCLUDED = "excluded"
#: The key in a result row for values that HubSpot would have misread: codes with their params.
MISREAD = "misread"
_SHOWN = ("external_object_type", "external_id_field", "id_value", "external_link_href", "external_link_display_name")
_ID_LENGTH, _NAME_LENGTH, _LINK_LENGTH = (
    OrderSyncResult._meta.get_field(name).max_length
    for name in ("id_value", "external_link_display_name", "external_link_href")
)


class NewResult(SimpleNamespace):
    """The columns of an ``OrderSyncResult`` before it is stored; an instance of the model takes longer to make than
    to store.
    """

    pk = None


Result: TypeAlias = OrderSyncResult | NewResult


@dataclass(frozen=True)
class Labels:
    """How records are shown: the object type's name in the current language, and the link into the portal."""

    object_type: Callable[[str], str]
    record_url: dict[str, str]  # object type -> address up to the record id
    event: Callable[[int], Event]  # of an order


def store_results(shown: Mapping[int, Sequence[Written]], plan: Plan, labels: Labels) -> dict[int, list[Result]]:
    """Update the result rows of each of these orders; returns them by order."""
    existing = {
        (row.order_id, part_of(row), row.mapping_id): row
        for part in chunks(shown, 1_000)
        for row in OrderSyncResult.objects.filter(order_id__in=part, sync_provider=PROVIDER)
    }
    removed = [row.pk for row in existing.values() if row.external_object_type == EXCLUDED]
    rows: dict[int, list[Result]] = {}
    moment = now()
    by_event: dict[Event, list[int]] = {}
    for order in shown:
        by_event.setdefault(labels.event(order), []).append(order)
    subjects_of = _subjects_by_event(plan, labels)
    specs = {spec.id: spec for planned in plan.subjects.values() for spec in planned.specs}
    of_positions = {spec.id for spec in specs.values() if spec.source.key == POSITION}
    for event, orders in by_event.items():
        with language(event.settings.locale, event.settings.region):
            names = {object_type: labels.object_type(object_type) for object_type in labels.record_url}
            for order in orders:
                subject = Subject.of_order(order)
                for item in shown[order]:
                    position = item.part if item.mapping in of_positions else None
                    row = existing.get((order, item.part, item.mapping)) or _new_row(order, position, item.mapping)
                    row.transmitted = moment
                    also = plan.records[item.ref].also_used_by(subject, item.part, subjects_of[event.pk])
                    _fill(row, item, plan, names, labels.record_url, also)
                    rows.setdefault(order, []).append(row)
    _save(rows)
    if removed:
        OrderSyncResult.objects.filter(pk__in=removed).delete()
    return rows


def take_away(removed: Mapping[int, Sequence[Removal]], labels: Labels) -> dict[int, list[Result]]:
    """Delete the result rows of removed records; returns them by order, in words for the order's history."""
    gone: dict[int, list[Result]] = {}
    stored = OrderSyncResult.objects.filter(order_id__in=list(removed), sync_provider=PROVIDER) if removed else ()
    rows = {(row.order_id, row.mapping_id, part_of(row)): row for row in stored}
    for order, removals in removed.items():
        settings = labels.event(order).settings
        with language(settings.locale, settings.region):
            for removal in removals:
                row = rows.get((order, *removal.use))
                name = row.external_link_display_name if row else f"{removal.place[0]}: {removal.label}"
                gone.setdefault(order, []).append(_removed_row(order, removal, row, name))
    taken = [row.pk for key, row in rows.items() if key in {(o, *r.use) for o, some in removed.items() for r in some}]
    if taken:
        OrderSyncResult.objects.filter(pk__in=taken).delete()
    return gone


def _removed_row(order: int, removal: Removal, row: OrderSyncResult | None, name: str) -> NewResult:
    return NewResult(
        order_position_id=row.order_position_id if row else None,
        order_id=order,
        mapping_id=removal.use[0],
        external_object_type=removal.place[0],
        external_id_field=row.external_id_field if row else "",
        id_value=row.id_value if row else removal.place[1],
        external_link_href=None,
        external_link_display_name=_("{record} (removed from HubSpot)").format(record=name),
        sync_info={"action": RecordAction.REMOVED, "record": removal.place[1]},
    )


def _subjects_by_event(plan: Plan, labels: Labels) -> dict[int, set[Subject]]:
    """The orders of this slice, and those that its records belonged to before; the latter in one query."""
    events = {order: labels.event(order).pk for order in plan.orders()}
    earlier = {record.previous.subject.pk for record in plan.records.values() if record.previous} - events.keys()
    if earlier:
        events |= dict(Order.objects.filter(pk__in=earlier).values_list("pk", "event_id"))
    by_event: dict[int, set[Subject]] = {}
    for order, event in events.items():
        by_event.setdefault(event, set()).add(Subject.of_order(order))
    return by_event


def _new_row(order: int, position: int | None, mapping: int) -> NewResult:
    return NewResult(order_id=order, order_position_id=position, mapping_id=mapping, sync_provider=PROVIDER)


def _save(rows: dict[int, list[Result]]) -> None:
    new: list[Result] = []
    old: list[Result] = []
    for of_order in rows.values():
        for row in of_order:
            (new if row.pk is None else old).append(row)
    store_rows(OrderSyncResult, map(vars, new))
    store_rows(OrderSyncResult, map(vars, old), unique=["id"], update=[*_SHOWN, "transmitted", "sync_info"])


def _fill(
    row: Result, item: Written, plan: Plan, names: Mapping[str, str], urls: Mapping[str, str], also: Sequence[str]
) -> None:
    """Fill a result row for one record; ``names`` and ``urls`` are by object type."""
    record = plan.records[item.ref]
    row.external_object_type = record.object_type
    row.external_id_field = record.id_property.name
    row.id_value = shorten(record.id_value, _ID_LENGTH)
    name = f"{names[record.object_type]}: {_order_code(record)}"
    if also:
        name = _("{record} (also used by {orders})").format(record=name, orders=", ".join(also))
    refused = record.left_out(Subject.of_order(row.order_id), item.mapping, item.part)
    left_out = [_property_of(refusal) for refusal in refused]
    if left_out:
        without = ", ".join(_with_currency(refusal) for refusal in refused)
        name = _("{record} (without {properties})").format(record=name, properties=without)
    row.external_link_display_name = shorten(name, _NAME_LENGTH)
    href = f"{urls[record.object_type]}{item.sent.record_id}"
    row.external_link_href = href if len(href) <= _LINK_LENGTH else None
    row.sync_info = {"action": item.sent.action, "record": item.sent.record_id}
    if item.part != row.order_position_id:
        row.sync_info["part"] = item.part
    if also:
        row.sync_info["also_used_by"] = list(also)
    if left_out:
        row.sync_info["left_out"] = left_out
    if misread := [[refusal.code, dict(refusal.params)] for refusal in refused if refusal.code in LEFT_OUT]:
        row.sync_info[MISREAD] = misread


def _property_of(refusal: Refusal) -> str:
    return str(refusal.params.get("label") or refusal.params["property"])


def _with_currency(refusal: Refusal) -> str:
    """Name an amount together with the currency for which it was left out."""
    if "currency" not in refusal.params:
        return _property_of(refusal)
    return _("{property} in {currency}").format(property=_property_of(refusal), currency=refusal.params["currency"])


def _order_code(record: WantedRecord) -> str:
    """The order as pretix shows it, EVENT-CODE; our key is ORGANIZER/EVENT/CODE."""
    parts = record.id_value.split("/")
    return "-".join(parts[1:]) if record.own_key and len(parts) == 3 else record.id_value


def store_exclusions(excluded: Mapping[int, str]) -> None:
    """Store the exclusion of each order for its page, or remove it if the reason is empty."""
    if not excluded:
        return
    OrderSyncResult.objects.filter(
        order_id__in=list(excluded), sync_provider=PROVIDER, external_object_type=EXCLUDED
    ).delete()
    OrderSyncResult.objects.bulk_create(
        OrderSyncResult(
            order_id=order,
            sync_provider=PROVIDER,
            mapping_id=0,
            external_object_type=EXCLUDED,
            external_id_field="",
            id_value=reason,
            external_link_display_name=f"{EXCLUDED}:{reason}",
            sync_info={},
            transmitted=now(),
        )
        for order, reason in excluded.items()
        if reason
    )


def shorten(text: str, length: int) -> str:
    """Cut a text for display, with an ellipsis."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
