"""The migration that fills the memory of records: all of it, in batches, whatever comes between."""

import pytest
from django.db import connection
from django.db.models import Q
from pretix.base.models.datasync import OrderSyncResult

from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.connections.hash_key import hasher
from pretix_hubspot.models import Connection, KnownRecord, OrderState, RecordAlias, RecordLink, RecordUse
from tests.interruptions import raising
from tests.soak import amount

from .version_before import BUYER, DEAL, PORTAL, fill, migrate, value_key

LINKS = r'^SELECT .* FROM "pretix_hubspot_recordlink" WHERE .* LIMIT'
USES = r'^INSERT INTO "pretix_hubspot_recorduse"'
RESULTS = r'^UPDATE "pretixbase_ordersyncresult"'
ADA, GRACE = value_key("ada@example.org"), value_key("grace@example.org")


def memory():
    """Everything that the migration writes, without primary keys."""
    columns = [field.name for field in KnownRecord._meta.fields if field.name != "id"]
    use = [field.name for field in RecordUse._meta.fields if field.name not in ("id", "record")]
    return {
        "records": sorted(map(str, KnownRecord.objects.values_list(*columns))),
        "aliases": sorted(RecordAlias.objects.values_list("object_type", "key", "record__record_id")),
        "uses": sorted(map(str, RecordUse.objects.values_list(*use, "record__object_type", "record__record_id"))),
        "guessable": OrderSyncResult.objects.filter(sync_info__has_key="key").count(),
    }


def old_tables():
    return [
        list(RecordLink.objects.order_by("pk").values()),
        list(OrderState.objects.order_by("pk").values()),
    ]


@pytest.mark.soak
@pytest.mark.parametrize(("statement", "number"), [(LINKS, 3), (USES, 2), (RESULTS, 2)])
def test_thousands_of_orders_are_copied_whatever_interrupts(story, statements, statement, number):
    count = amount(2_200, 20_000)
    fill(story.event, count)
    old = old_tables()
    statements.before(statement, raising(KeyboardInterrupt()), number=number)

    with pytest.raises(KeyboardInterrupt):
        migrate()
    before = memory()
    migrate()
    after = memory()
    migrate()

    assert 0 < len(before["records"]) <= len(after["records"]) == count * 3 + count // 100
    assert len(before["uses"]) < len(after["uses"]) == count * 4
    assert before["guessable"] == 4 * count - len(before["uses"]), "a batch is copied as a whole or not at all"
    assert after["guessable"] == 0
    assert set(before["records"]) <= set(after["records"])
    assert memory() == after, "it finds nothing to do"
    assert old_tables() == old, "the version before finds what it stored"


def test_each_record_and_use_arrives_with_all_that_was_known(story):
    [pk] = fill(story.event, 1)
    migrate()
    story.connection.refresh_from_db()
    key = hasher(story.connection)

    records = KnownRecord.objects.order_by("record_id").values_list(
        "portal_id", "object_type", "key", "record_id", "source_kind", "source_pk", "sent_hash", "version", "lease"
    )
    links = {link.record_id: link for link in RecordLink.objects.all()}
    assert list(records) == [
        (PORTAL, "contacts", key(links["180000"].key), "180000", "", None, key(links["180000"].sent_hash), 0, ""),
        (PORTAL, "contacts", key(links["18000000"].key), "18000000", "", None, key(links["18000000"].sent_hash), 0, ""),
        (PORTAL, "deals", key("pretix_order_key@order:8000000"), "48000000", "order", 8000000)
        + (key(links["48000000"].sent_hash), 0, ""),
        (PORTAL, "tickets", key("pretix_ticket_key@position:80000000"), "58000000", "position", 80000000)
        + (key(links["58000000"].sent_hash), 0, ""),
    ]
    assert {r.record_id: (r.url, r.updated_at) for r in KnownRecord.objects.all()} == {
        record_id: (link.url, link.updated_at) for record_id, link in links.items()
    }
    uses = RecordUse.objects.order_by("mapping_id").values_list(
        "record__record_id", "event", "subject_kind", "subject_pk", "mapping_id", "part", "state", "record_number",
        "associated", "label",
    )  # fmt: skip
    event = story.event.pk
    assert list(uses) == [
        ("180000", event, "Order", pk, 11, 0, "sent", "180000", [], "C8000000"),
        ("18000000", event, "Order", pk, 12, 80000000, "sent", "18000000", [], "C8000000-1"),
        ("48000000", event, "Order", pk, 13, 0, "sent", "48000000")
        + ([["contacts", "180000", 0], ["contacts", "18000000", 12]], "C8000000"),
        ("58000000", event, "Order", pk, 14, 80000000, "sent", "58000000", [["deals", "48000000", 0]], "C8000000-1"),
    ]
    assert list(OrderSyncResult.objects.order_by("pk").values_list("sync_info", flat=True)) == [
        {"action": "created", "record": "180000"},
        {"action": "created", "record": "18000000"},
        {"action": "created", "record": "48000000"},
        {"action": "created", "record": "58000000"},
    ]


@pytest.fixture
def order(story):
    """An order that the version before has planned, of which it stored nothing further."""
    order = story.order("A1", queue=False)
    OrderState.objects.create(order=order, portal_id=PORTAL)
    return order


def link(key, record_id, portal_id=PORTAL, object_type="contacts", **values):
    return RecordLink.objects.create(
        portal_id=portal_id, object_type=object_type, key=key, record_id=record_id, **values
    )


def result(order, mapping, record, object_type="contacts", **info):
    return OrderSyncResult.objects.create(
        order=order, mapping_id=mapping, external_object_type=object_type, sync_provider="hubspot",
        external_id_field="email", id_value="…", sync_info={"action": "created", "record": record, **info},
    )  # fmt: skip


def uses():
    """(order, mapping, part, id of the record when it was sent, and today) of each use."""
    rows = RecordUse.objects.order_by("pk")
    return list(rows.values_list("subject_pk", "mapping_id", "part", "record_number", "record__record_id"))


def test_keys_of_a_merged_record_lead_to_it(story, order):
    link(ADA, "7")
    link(GRACE, "7")
    result(order, BUYER, "5", key=GRACE)

    migrate()

    key = hasher(Connection.objects.get())
    assert list(KnownRecord.objects.values_list("key", "record_id")) == [(key(ADA), "7")]
    assert list(RecordAlias.objects.values_list("key", "record__key")) == [(key(GRACE), key(ADA))]
    assert uses() == [(order.pk, BUYER, 0, "5", "7")]


def test_portals_have_keys_of_their_own_and_their_connections_share_them(story, order, served):
    neighbour = type(story.organizer).objects.create(name="Grace", slug="grace", plugins="pretix_hubspot")
    connect_token(neighbour, served.service_key, None)
    Connection.objects.create(organizer=neighbour, portal_id=9, kind="token", status="disconnected")
    link(ADA, "7")
    link(ADA, "8", portal_id=9)
    result(order, BUYER, "7", key=ADA)

    migrate()

    ours, theirs, other = Connection.objects.order_by("portal_id", "pk").reverse()
    assert {connection.portal_id for connection in (ours, theirs)} == {PORTAL}
    assert hasher(ours)(ADA) == hasher(theirs)(ADA) != hasher(other)(ADA)
    assert set(KnownRecord.objects.values_list("portal_id", "key", "record_id")) == {
        (PORTAL, hasher(ours)(ADA), "7"),
        (9, hasher(other)(ADA), "8"),
    }
    assert uses() == [(order.pk, BUYER, 0, "7", "7")]


def test_nothing_is_kept_of_a_portal_that_nothing_connects(story, order):
    link(ADA, "7", portal_id=9)
    OrderState.objects.update(portal_id=9)
    row = result(order, BUYER, "7", key=ADA)

    migrate()

    assert not KnownRecord.objects.exists() and not RecordUse.objects.exists()
    row.refresh_from_db()
    assert row.sync_info == {"action": "created", "record": "7"}


def test_a_use_outlives_its_mapping_and_needs_a_known_record(story, order):
    link(ADA, "7")
    deleted = result(order, 999, "7", key=ADA)
    result(order, BUYER, "8", key=GRACE)

    migrate()

    assert uses() == [(order.pk, deleted.mapping_id, 0, "7", "7")]


def test_older_rows_have_no_key_and_lead_by_the_id(story, order):
    link(ADA, "7")
    link("pretix_order_key@order:1", "7", object_type="deals")
    result(order, BUYER, "7")
    result(order, DEAL, "6", object_type="deals")

    migrate()
    assert uses() == [(order.pk, BUYER, 0, "7", "7")]

    RecordUse.objects.update(label="stored by the new version")
    migrate()
    assert list(RecordUse.objects.values_list("label", flat=True)) == ["stored by the new version"]


def test_what_core_shows_of_others_and_of_exclusions_is_left_alone(story, order):
    link(ADA, "7")
    excluded = result(order, 0, "7", object_type="excluded", key=ADA)
    foreign = result(order, BUYER, "7", key=ADA)
    OrderSyncResult.objects.filter(pk=foreign.pk).update(sync_provider="other")

    migrate()

    assert uses() == []
    kept = OrderSyncResult.objects.filter(Q(pk=excluded.pk) | Q(pk=foreign.pk)).values_list("sync_info", flat=True)
    assert list(kept) == [{"action": "created", "record": "7", "key": ADA}] * 2


def test_after_a_step_back_what_the_version_before_sent_since_counts(story, order):
    known = link(ADA, "7", sent_hash="first")
    result(order, BUYER, "7", key=ADA)
    migrate()
    key = hasher(Connection.objects.get())
    KnownRecord.objects.update(sent_hash="newer, by the new version")
    migrate()
    assert KnownRecord.objects.get().sent_hash == "newer, by the new version"

    RecordLink.objects.filter(pk=known.pk).update(sent_hash="second", record_id="9", updated_at="2099-01-01T00:00Z")
    OrderSyncResult.objects.update(sync_info={"action": "updated", "record": "9", "key": ADA})
    migrate()

    assert list(KnownRecord.objects.values_list("record_id", "sent_hash")) == [("9", key("second"))]
    assert uses() == [(order.pk, BUYER, 0, "9", "9")]


def test_a_key_that_no_secret_decrypts_is_replaced(story, order):
    Connection.objects.update(hash_key="of another secret")
    link(ADA, "7")

    migrate()

    connection_row = Connection.objects.get()
    assert connection_row.hash_key != "of another secret"
    assert KnownRecord.objects.get().key == hasher(connection_row)(ADA)


def test_the_queries_do_not_grow_with_the_orders(story, django_assert_max_num_queries):
    fill(story.event, 900)
    with django_assert_max_num_queries(60 if connection.vendor == "postgresql" else 200):
        migrate()
