"""Rows written past Django's fields are the rows that Django would have written."""

from datetime import UTC, datetime

import pytest
from django.db import connection, models
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult

from pretix_hubspot.models import OrderState, RecordLink
from pretix_hubspot.server import bulk_rows
from pretix_hubspot.server.bulk_rows import store_rows
from tests.interruptions import ALWAYS

MOMENT = datetime(2026, 10, 25, 0, 30, 15, 123456, tzinfo=UTC)
UNIQUE = {"unique": ["portal_id", "object_type", "key"], "update": ["record_id", "owner"]}


def link(key, **more):
    return RecordLink(portal_id=2**40, object_type="contacts", key=key, record_id="7", updated_at=MOMENT, **more)


def store_links(*links):
    store_rows(RecordLink, map(vars, links), **UNIQUE)


def stored(queryset):
    return [{name: value for name, value in row.items() if name != "id"} for row in queryset.order_by("pk").values()]


@pytest.mark.django_db
def test_the_same_as_bulk_create():
    owner = {"order": 3, "label": "«Zoë» 👩‍🚀 \\ % '\""}
    rows = [link("a=%s", owner=owner, url="https://app.hubspot.com/?x=%d"), link("", owner={})]
    store_rows(RecordLink, map(vars, rows))
    ours = stored(RecordLink.objects.all())
    RecordLink.objects.all().delete()
    RecordLink.objects.bulk_create(rows)
    assert ours == stored(RecordLink.objects.all())
    assert (ours[0]["owner"], ours[0]["updated_at"], ours[0]["portal_id"]) == (owner, MOMENT, 2**40)


@pytest.mark.django_db
def test_what_exists_gets_what_is_to_be_updated_and_nothing_else():
    store_links(link("a", owner={"order": 1}, sent_hash="old"), link("b"))
    before = dict(RecordLink.objects.values_list("key", "pk"))
    again = link("a", owner={"order": 2}, sent_hash="new")
    again.record_id = "8"
    store_links(again, link("c"))
    row = RecordLink.objects.get(key="a")
    assert (row.pk, row.record_id, row.owner, row.sent_hash) == (before["a"], "8", {"order": 2}, "old")
    assert sorted(RecordLink.objects.values_list("key", flat=True)) == ["a", "b", "c"]


def test_more_rows_than_one_statement_takes(statements):
    sent, number = [], 2 * bulk_rows.ROWS + 1
    statements.before("^INSERT", lambda: sent.append(len(statements.parameters)), times=ALWAYS)

    store_rows(RecordLink, (vars(link(f"k{n}")) for n in range(number)))

    assert RecordLink.objects.count() == number
    if connection.vendor == "postgresql":
        assert len(sent) == 3
    else:
        of_a_row = len(RecordLink._meta.concrete_fields) - 1  # the database numbers them
        assert sum(sent) == number * of_a_row
        assert max(sent) <= connection.features.max_query_params


@pytest.mark.django_db
def test_no_rows_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        store_rows(RecordLink, [])


def test_nothing_is_null_that_was_given_and_null_stays_null(story):
    order = story.order("A1")
    row = OrderState(order=order, portal_id=1, problem=None, associated=["deals:7>contacts:3"])
    store_rows(OrderState, [vars(row)])
    assert OrderState.objects.filter(problem__isnull=True, sent_at__isnull=True).count() == 1
    assert OrderState.objects.get().associated == ["deals:7>contacts:3"]


def test_an_existing_row_by_its_primary_key(story):
    order = story.order("A1")
    row = OrderSyncResult(
        order=order,
        sync_provider="hubspot",
        mapping_id=1,
        external_object_type="deals",
        external_id_field="x",
        id_value="1",
        transmitted=MOMENT,
        sync_info={"action": "created"},
    )
    store_rows(OrderSyncResult, [vars(row)])
    row = OrderSyncResult.objects.get()
    row.id_value, row.sync_info = "2", {"action": "updated"}
    store_rows(OrderSyncResult, [vars(row)], unique=["id"], update=["id_value", "sync_info"])
    assert OrderSyncResult.objects.values_list("pk", "id_value", "sync_info", "transmitted").get() == (
        row.pk,
        "2",
        {"action": "updated"},
        MOMENT,
    )


#: What a newer pretix may add to its tables, and how its migration would declare it.
COLUMNS = {
    "a default": (models.CharField(max_length=10, default="later"), "NOT NULL DEFAULT ''"),
    "a default that is made": (models.JSONField(default=list), "NOT NULL DEFAULT '[]'"),
    "null": (models.IntegerField(null=True), "NULL"),
    "a default of the database": (models.IntegerField(db_default=7), "NOT NULL DEFAULT 7"),
    "a moment": (models.DateTimeField(auto_now_add=True), "NOT NULL DEFAULT '2026-01-01'"),
}


@pytest.fixture
def new_column(db):
    """``new_column(model, field, declared)``: what an upgrade of pretix does to a table; undone at the end."""
    added = []

    def new_column(model, field, declared):
        field.contribute_to_class(model, "later")
        added.append((model, field))
        with connection.cursor() as cursor:
            cursor.execute(
                f"ALTER TABLE {model._meta.db_table} ADD COLUMN later {field.db_type(connection)} {declared}"
            )

    yield new_column
    for model, field in added:
        model._meta.local_fields.remove(field)
        delattr(model, "later")
        model._meta._expire_cache()


@pytest.mark.parametrize(("field", "declared"), COLUMNS.values(), ids=COLUMNS)
def test_a_new_column_in_cores_tables_stops_no_order(story, new_column, field, declared):
    for model in (OrderSyncResult, OrderSyncQueue):
        new_column(model, field.clone(), declared)
    story.order("A1")
    story.sync()
    assert not OrderSyncQueue.objects.exists()
    assert OrderSyncResult.objects.count() == 2
