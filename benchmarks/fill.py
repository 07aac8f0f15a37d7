"""Fill the tables of a shop as years leave them: copies of one row each, made by the database.

Copies have keys that nothing looks for, since only those of real orders are hashes of the portal's key.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.contenttypes.models import ContentType
from django.db import connection as database
from django.db.models import Model
from pretix.base.models import LogEntry, Order

from pretix_hubspot.models import KnownRecord, OrderState, RecordAlias, RecordUse

from .shop import settle
from .sizes import Sizes

#: Primary keys of copies begin here, those of real orders behind: they are the newest.
FIRST, NEWEST = 1_000_000_000, 2_000_000_000
#: Contacts of two copied orders: some have one ticket, some have two.
CONTACTS = 5
NOISE = "md5({0} || n) || md5(n || {0})"


def begin_behind(*models: type[Model]) -> None:
    """The next rows of these models get larger primary keys than copies."""
    with database.cursor() as cursor:
        for model in models:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'), {NEWEST})")


def fill(order: Order, sizes: Sizes) -> None:
    """Copy an order that was sent, its log and what is known of its records, until tables are as large as told.

    A tenth of all orders share its buyer.
    """
    deals = sizes.records * 2 // (CONTACTS + 2)
    uses = {use.record.object_type: use for use in RecordUse.objects.filter(subject_pk=order.pk).order_by("-pk")}
    _copy_orders(order, sizes.known_orders)
    with without_indexes(KnownRecord), without_indexes(RecordUse):
        for name, first, number in (("contacts", 0, sizes.records - deals), ("deals", sizes.records - deals, deals)):
            use, source = uses[name], f"CASE WHEN source_kind = '' THEN NULL ELSE {FIRST} + n END"
            known = {"record_id": f"({FIRST} + n)::text", "key": NOISE.format(f"'{name}'"), "source_pk": source}
            copy(KnownRecord, use.record_id, number, first, known)
            subject = f"{FIRST} + (n * 2 - 2) / {CONTACTS} + 1" if name == "contacts" else f"{FIRST} + n"
            copy(RecordUse, use.pk, number, first, {"record_id": f"{FIRST} + {first} + n", "subject_pk": subject})
        copy(RecordUse, uses["contacts"].pk, deals // 10, sizes.records, {"subject_pk": f"{FIRST} + n", "part": "0"})
    _copy_aliases(sizes.aliases, sizes.records)
    settle()


def _copy_orders(order: Order, number: int) -> None:
    texts = {"code": "'N' || n", "secret": "'secret' || n", "email": "'n' || n || '@example.org'"}
    copy(Order, order.pk, number, 0, {**texts, "datetime": "datetime - n * interval '10 seconds'"})
    settle()  # otherwise each foreign key to an order is looked for among all of them
    state = OrderState.objects.get(order=order)
    copy(OrderState, state.pk, number, 0, {"order_id": f"{FIRST} + n", "sent_hash": NOISE.format("'state'")})
    kind = ContentType.objects.get_for_model(Order)
    entries = LogEntry.objects.filter(
        content_type=kind, object_id=order.pk, action_type__startswith="pretix.event.order.p"
    )
    for turn, entry in enumerate(entries.order_by("pk")):
        moment = "datetime - n * interval '10 seconds'"
        copy(LogEntry, entry.pk, number, turn * number, {"object_id": f"{FIRST} + n", "datetime": moment})


def _copy_aliases(number: int, records: int) -> None:
    """Many records have a second key."""
    alias, _ = RecordAlias.objects.get_or_create(
        portal_id=0, object_type="contacts", key="", record=KnownRecord.objects.order_by("pk").first()
    )
    portal = f"(SELECT portal_id FROM {KnownRecord._meta.db_table} LIMIT 1)"
    known = {"portal_id": portal, "key": NOISE.format("'alias'"), "record_id": f"{FIRST} + n * {records // number}"}
    copy(RecordAlias, alias.pk, number, 0, known)


def copy(model: type[Model], pk: int, number: int, first: int, changed: dict[str, str]) -> None:
    """Copy one row so many times, with these columns as SQL of ``n``, 1 to ``number``."""
    meta, changed = model._meta, {"id": f"{FIRST} + {first} + n", **changed}
    columns = [field.column for field in meta.concrete_fields]
    values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
    names, rows = ", ".join(f'"{name}"' for name in columns), f"generate_series(1, {number}::bigint) n"
    with database.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{meta.db_table}" ({names}) SELECT {values} FROM "{meta.db_table}", {rows} WHERE id = %s',
            [pk],
        )


@contextmanager
def without_indexes(model: type[Model]) -> Iterator[None]:
    """Indexes and constraints are made at once when the rows are there, which takes a fraction of the time."""
    with database.schema_editor() as editor:
        for constraint in model._meta.constraints:
            editor.remove_constraint(model, constraint)
        for index in model._meta.indexes:
            editor.remove_index(model, index)
    yield
    with database.schema_editor() as editor:
        for constraint in model._meta.constraints:
            editor.add_constraint(model, constraint)
        for index in model._meta.indexes:
            editor.add_index(model, index)
