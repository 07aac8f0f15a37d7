"""Snapshots: what the engine sees of an order, and what it costs."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pretix.base.models import InvoiceAddress, Order

from pretix_hubspot.sources import load as sources_load
from pretix_hubspot.sources.registry import fields_for, source_fields
from pretix_hubspot.sources.snapshot import OrderSnapshot
from pretix_hubspot.values.rows import FieldRefused
from tests.rows import moved

from .shop import multiply


def everything(event):
    """All fields but the constant text, of which an order knows nothing."""
    return {model: frozenset(fields_for(event, model)) - {"constant_text"} for model in ("Order", "OrderPosition")}


def load(shop, orders, wanted=None, locale="en"):
    fields = source_fields(shop.event)
    return sources_load.load(shop.event, [o.pk for o in orders], wanted or everything(shop.event), fields, locale)


def queries(shop, orders, wanted):
    """How many queries a slice costs; settings are cached between transactions, so theirs do not count."""
    fields = source_fields(shop.event)
    with CaptureQueriesContext(connection) as captured:
        sources_load.load(shop.event, [o.pk for o in orders], wanted, fields, "en")
    return len([query for query in captured.captured_queries if "settingsstore" not in query["sql"]])


def test_a_hundred_orders_cost_as_many_queries_as_one(shop):
    order = shop.order()
    orders = [order, *multiply(order, 99)]
    wanted = everything(shop.event)
    one, *others = load(shop, orders)
    assert len(others) == 99
    assert others[-1].positions[1].values["question_meals"] == ["lunch", "dinner"]
    assert others[-1].values["pending_sum"] == one.values["pending_sum"]
    assert queries(shop, orders[:1], wanted) == queries(shop, orders, wanted) == 22


def test_an_order_is_read_without_a_look_at_fifty_others(shop):
    order = shop.order()

    def read():
        fields, wanted = source_fields(shop.event), everything(shop.event)
        with moved() as rows:
            sources_load.load(shop.event, [order.pk], wanted, fields, "en")
        return [(sql, count) for sql, count in rows if "settingsstore" not in sql]

    read()
    alone = read()
    multiply(order, 50)
    for number in range(50):
        shop.organizer.sales_channels.create(identifier=f"api.{number}", label=str(number), type="api")

    assert read() == alone


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, 2),
        ({"Order": frozenset({"email", "order_total", "order_key"})}, 2),
        ({"Order": frozenset({"payment_sum"})}, 3),
        ({"Order": frozenset({"payment_sum", "payment_date", "payment_provider"})}, 3),
        ({"Order": frozenset({"pending_sum"})}, 4),
        ({"OrderPosition": frozenset({"attendee_name", "ticket_price", "addons"})}, 2),
        ({"OrderPosition": frozenset({"product"})}, 4),
        ({"OrderPosition": frozenset({"question_news", "question_size"})}, 4),
        ({"Order": frozenset({"vanished"}), "OrderPosition": frozenset({"vanished"})}, 2),
    ],
)
def test_only_what_is_wanted_is_loaded(shop, wanted, expected):
    assert queries(shop, [shop.order()], wanted) == expected


ORDER_VALUES = {
    "customer_email": "customer@example.org",
    "customer_external_id": "ERP-7",
    "customer_id": "CUST1",
    "buyer_name": "Ada Lovelace",
    "buyer_name_given_name": "Ada",
    "buyer_name_family_name": "Lovelace",
    "customer_name": "",
    "customer_phone": "+4930123456",
    "email": "buyer1@example.org",
    "email_domain": "example.org",
    "event_currency": ["EUR"],
    "event_meta_track": "science",
    "event_name": "Conference",
    "event_order_code": "CONF-A0001",
    "event_slug": "conf",
    "event_timezone": "Europe/Berlin",
    "event_url": "http://example.com/ada/conf/",
    "fee_sum": "5.00",
    "gift_card_sum": "5.00",
    "invoice_address_beneficiary": "",
    "invoice_address_city": "London",
    "invoice_address_company": "Analytical Engines",
    "invoice_address_country": "GB",
    "invoice_address_custom_field": None,
    "invoice_address_internal_reference": "PO 42",
    "invoice_address_is_business": True,
    "invoice_address_name": "Ada Lovelace",
    "invoice_address_name_calling_name": "",
    "invoice_address_name_degree": "",
    "invoice_address_name_family_name": "Lovelace",
    "invoice_address_name_full_name": "Ada Lovelace",
    "invoice_address_name_given_name": "Ada",
    "invoice_address_name_latin_transcription": "",
    "invoice_address_name_middle_name": "",
    "invoice_address_name_salutation": "",
    "invoice_address_name_title": "",
    "invoice_address_state": "",
    "invoice_address_street": "Main street 1",
    "invoice_address_vat_id": "GB123",
    "invoice_address_vat_id_validated": False,
    "invoice_address_zipcode": "N1",
    "invoice_date": "2026-10-02",
    "invoice_number": "CONF-00001",
    "main_event_date_from": "2026-12-01T09:00:00+01:00",
    "main_event_date_to": "2026-12-03T17:00:00+01:00",
    "main_event_location": "Berlin",
    "order_cancellation_date": None,
    "order_code": "A0001",
    "order_comment": "Friends of the house",
    "order_date": "2026-10-02T00:30:00+02:00",
    "order_expires": "2026-10-12T00:30:00+02:00",
    "order_key": "ADA/CONF/A0001",
    "order_locale": ["de-informal"],
    "order_net": "108.23",
    "order_phone": "+4930654321",
    "order_requires_approval": False,
    "order_status": ["p"],
    "order_tax": "16.77",
    "order_testmode": False,
    "order_total": "125.00",
    "organizer_name": "Ada's Conferences",
    "organizer_slug": "ada",
    "payment_date": "2026-10-03T00:30:00+02:00",
    "payment_provider": ["banktransfer"],
    "payment_sum": "135.00",
    "pending_sum": "0.00",
    "position_count": "2",
    "presale_order_url": "http://example.com/ada/conf/order/A0001/secretsecret1234/",
    "refund_sum": "10.00",
    "sales_channel": ["web"],
}
DATE_VALUES = {
    "event_date_from": "2026-12-02T00:30:00+01:00",
    "event_date_to": None,
    "event_location": "Hall 1",
    "subevent_name": "First day",
}
TICKET_VALUES = {
    "attendee_city": "Berlin",
    "attendee_company": "Navy",
    "attendee_country": "DE",
    "attendee_email": "grace1@example.org",
    "attendee_name": "Grace Hopper1",
    "attendee_name_calling_name": "",
    "attendee_name_degree": "",
    "attendee_name_family_name": "Hopper1",
    "attendee_name_full_name": "Grace Hopper1",
    "attendee_name_given_name": "Grace",
    "attendee_name_latin_transcription": "",
    "attendee_name_middle_name": "",
    "attendee_name_salutation": "",
    "attendee_name_title": "",
    "attendee_or_invoice_city": "Berlin",
    "attendee_or_invoice_company": "Navy",
    "attendee_or_invoice_country": "DE",
    "attendee_or_invoice_state": None,
    "attendee_or_invoice_street": "Sea 1",
    "attendee_or_invoice_zipcode": "10115",
    "attendee_or_order_email": "grace1@example.org",
    "attendee_state": None,
    "attendee_street": "Sea 1",
    "attendee_zipcode": "10115",
    "discount": "Early",
    "gift_card_codes": "GIFT1",
    "invoice_or_attendee_city": "London",
    "invoice_or_attendee_company": "Analytical Engines",
    "invoice_or_attendee_country": "GB",
    "invoice_or_attendee_state": "",
    "invoice_or_attendee_street": "Main street 1",
    "invoice_or_attendee_zipcode": "N1",
    "is_addon": False,
    "membership": "Gold member",
    "position_canceled": False,
    "position_key": "ADA/CONF/A0001-1",
    "position_number": "1",
    "presale_ticket_url": "http://example.com/ada/conf/ticket/A0001/1/websecret1234567/",
    "product": "Ticket – Student",
    "product_category": "Tickets",
    "product_is_admission": True,
    "product_name": "Ticket",
    "question_arrival": "2026-12-01T00:15:00+01:00",
    "question_meals": ["lunch", "dinner"],
    "question_news": True,
    "question_size": ["S"],
    "seat": "Stalls, Row 3, Seat 1",
    "seat_id": "S-1",
    "ticket_id": "A0001-1",
    "ticket_net": "84.03",
    "ticket_price": "100.00",
    "ticket_status": ["p"],
    "ticket_tax": "15.97",
    "ticket_tax_rate": "19",
    "ticket_valid_from": None,
    "ticket_valid_until": None,
    "variation": "Student",
    "voucher_budget_use": "5.00",
    "voucher_code": "V1",
    "voucher_tag": "sponsor",
}


def test_an_order_with_everything(shop):
    order = shop.order(secret="secretsecret1234")
    ticket, workshop, canceled = order.all_positions.order_by("positionid")
    ticket.web_secret = "websecret1234567"
    ticket.save()

    [found] = load(shop, [order])

    facts = (order.total, True, order.sales_channel_id)
    assert found == OrderSnapshot(order.pk, "A0001", "p", False, ORDER_VALUES, found.positions, *facts)
    assert (found.positions[1].item, found.positions[1].price) == (shop.workshop.pk, workshop.price)
    assert [(p.pk, p.number, p.canceled) for p in found.positions] == [
        (ticket.pk, 1, False),
        (workshop.pk, 2, False),
        (canceled.pk, 3, True),
    ]
    assert found.positions[0].values == {
        **ORDER_VALUES,
        **DATE_VALUES,
        **TICKET_VALUES,
        "addons": [str(shop.workshop.pk)],
        f"checkin_date_{shop.list.pk}": "2026-10-02T01:30:00+02:00",  # the newest, as core has it
        f"first_checkin_{shop.list.pk}": "2026-10-02T00:30:00+02:00",
        f"last_checkout_{shop.list.pk}": "2026-10-02T03:30:00+02:00",
        "position_id": str(ticket.pk),
        "product_choice": [str(shop.ticket.pk)],
        "product_id": str(shop.ticket.pk),
        "subevent_id": str(shop.date.pk),
    }


def values(shop, order, *keys, position=None, locale="en"):
    """Chosen values of an order, or of one of its positions by number."""
    wanted = {"Order" if position is None else "OrderPosition": frozenset(keys)}
    [found] = load(shop, [order], wanted, locale)
    source = found if position is None else found.positions[position - 1]
    return [source.values[key] for key in keys]


def test_an_addon_falls_back_to_its_ticket(shop):
    order = shop.order()
    assert values(
        shop, order, "attendee_name", "attendee_email", "attendee_country", "question_size", "addons", position=2
    ) == ["Grace Hopper1", "grace1@example.org", "DE", ["S"], []]


def test_an_addon_may_have_answers_of_its_own(shop):
    order = shop.order()
    addon = order.all_positions.get(positionid=2)
    addon.answers.create(question=shop.news, answer="False")
    assert values(shop, order, "question_news", "question_size", position=2) == [False, ["S"]]


def test_canceled_positions_come_with_their_status(shop):
    order = shop.order()
    [found] = load(shop, [order], {"OrderPosition": frozenset({"ticket_status", "attendee_or_order_email"})})
    canceled = found.positions[2]
    assert (canceled.number, canceled.canceled) == (3, True)
    assert canceled.values == {"ticket_status": ["c"], "attendee_or_order_email": "buyer1@example.org"}


def test_every_field_alone_reads_what_it_reads_among_all(shop):
    """A mapping may use one field only: it has to say by itself what has to be loaded."""
    order = shop.order()
    [whole] = load(shop, [order])

    for model, keys in everything(shop.event).items():
        for key in keys:
            [alone] = load(shop, [order], {model: frozenset({key})})
            there, here = ([s, *s.positions][model == "OrderPosition"] for s in (whole, alone))
            assert here.values[key] == there.values[key], key


def test_no_field_asks_the_database_for_each_order(shop):
    order = shop.order()
    orders = [order, *multiply(order, 2)]
    load(shop, [order])  # what an address of the event looks like is remembered

    dear = [
        key
        for model, keys in everything(shop.event).items()
        for key in sorted(keys)
        if queries(shop, orders, {model: frozenset({key})}) != queries(shop, [order], {model: frozenset({key})})
    ]

    assert dear == []


def test_names_come_in_the_language_asked_for(shop):
    order = shop.order()
    keys = ("event_name", "product", "subevent_name", "membership", "product_category")
    assert values(shop, order, *keys, position=1, locale="de") == [
        "Konferenz",
        "Karte – Studierende",
        "Erster Tag",
        "Goldmitglied",
        "Karten",
    ]


def test_orders_come_as_asked_for_and_strangers_are_left_out(shop, other_shop):
    first, second, stranger = shop.order(1), shop.order(2, testmode=True), other_shop.order(3)
    wanted = {"Order": frozenset({"order_code"})}
    found = load(shop, [second, stranger, first], wanted)
    assert [(order.code, order.testmode) for order in found] == [("A0002", True), ("A0001", False)]


def test_an_order_without_anything(shop):
    order = bare_order(shop)
    [found] = load(shop, [order])
    assert found.positions == ()
    refused = {key: value for key, value in found.values.items() if isinstance(value, FieldRefused)}
    assert refused == {}
    empty = {key for key, value in found.values.items() if value in (None, "", [])}
    assert empty >= {"email", "order_phone", "invoice_address_name", "invoice_address_country", "payment_provider"}
    assert found.values["pending_sum"] == "10.00"


def bare_order(shop, **changes):
    return Order.objects.create(
        **{
            "code": "BARE1",
            "event": shop.event,
            "status": Order.STATUS_PENDING,
            "datetime": datetime(2026, 10, 1, tzinfo=UTC),
            "expires": datetime(2026, 10, 9, tzinfo=UTC),
            "total": Decimal("10.00"),
            "sales_channel": shop.organizer.sales_channels.get(identifier="web"),
            **changes,
        }
    )


INVALID = FieldRefused("invalid_email")


@pytest.mark.parametrize(
    ("email", "expected", "domain"),
    [
        ("ada@müller.example", "ada@xn--mller-kva.example", "xn--mller-kva.example"),
        (" ada@example.org ", "ada@example.org", "example.org"),
        ("Ada@Example.org", "Ada@Example.org", "Example.org"),
        (f"{'a' * 190}@example.org", f"{'a' * 190}@example.org", "example.org"),
        ("ada@home@example.org", INVALID, INVALID),
        ("nobody", INVALID, INVALID),
        ("@example.org", INVALID, INVALID),
        ("ada@", INVALID, INVALID),
        ("ada@.example..org", INVALID, INVALID),
        (f"ada@{'x' * 80}.example", INVALID, INVALID),
        ("", None, None),
        (None, None, None),
    ],
)
def test_addresses(shop, email, expected, domain):
    order = bare_order(shop, email=email)
    shop.add(order, shop.ticket, 1, price=Decimal("10.00"), attendee_email=email)
    assert values(shop, order, "email", "email_domain") == [expected, domain]
    assert values(shop, order, "attendee_email", "attendee_or_order_email", position=1) == [expected, expected]


@pytest.mark.parametrize(
    ("parts", "name", "given"),
    [
        ({"_scheme": "given_family", "given_name": "Zoë 🎉", "family_name": "O’Neil"}, "Zoë 🎉 O’Neil", "Zoë 🎉"),
        ({"_scheme": "given_family", "given_name": "عائشة", "family_name": "الخوارزمي"}, "عائشة الخوارزمي", "عائشة"),
        ({"_scheme": "given_family", "given_name": None, "family_name": "Cher"}, "Cher", None),
        ({"_legacy": "Old Style"}, "Old Style", "Old"),
        ({"given_name": "No", "family_name": "Scheme"}, "No Scheme", "No"),
        ({"_scheme": "vanished", "given_name": "A"}, "Grace", "A"),
        ({}, None, ""),
    ],
)
def test_names(shop, parts, name, given):
    order = bare_order(shop)
    position = shop.add(order, shop.ticket, 1, price=Decimal("10.00"))
    type(position).all.filter(pk=position.pk).update(attendee_name_parts=parts, attendee_name_cached="Grace")
    assert values(shop, order, "attendee_name", "attendee_name_given_name", position=1) == [name, given]


@pytest.mark.parametrize(
    ("name", "given", "family"),
    [
        ("Ada Lovelace", "Ada", "Lovelace"),
        ("Cher", "Cher", ""),
        ("", "", ""),
        ("Ada King Lovelace", "Ada King", "Lovelace"),
    ],
)
def test_generated_names(shop, name, given, family):
    shop.event.settings.name_scheme = "full"
    order = bare_order(shop)
    parts = {"_scheme": "full", "full_name": name} if name else {}
    shop.add(order, shop.ticket, 1, price=Decimal("10.00"), attendee_name_parts=parts)
    assert values(shop, order, "attendee_name_given_name", "attendee_name_family_name", position=1) == [given, family]
    assert values(shop, order, "invoice_address_name_given_name", "invoice_address_name_family_name") == ["", ""]
    InvoiceAddress.objects.create(order=order, name_parts=parts)
    order = Order.objects.get()
    assert values(shop, order, "invoice_address_name_given_name", "invoice_address_name_family_name") == [given, family]


def test_addresses_are_taken_whole(shop):
    order = shop.order()
    keys = ("attendee_or_invoice_company", "attendee_or_invoice_city", "attendee_or_invoice_country")
    assert values(shop, order, *keys, position=2) == ["Navy", "Berlin", "DE"]  # the ticket's, by its add-on
    assert values(shop, order, *keys, position=3) == ["Analytical Engines", "London", "GB"]


def test_an_event_without_dates_of_its_own(shop):
    order = bare_order(shop)
    shop.add(order, shop.ticket, 1, price=Decimal("10.00"), subevent=None)
    assert values(shop, order, "event_date_from", "subevent_name", "event_location", position=1) == [
        "2026-12-01T09:00:00+01:00",
        "Conference",
        "Berlin",
    ]


def test_sums_of_orders_that_are_not_simply_paid(shop):
    canceled = shop.order(1, status=Order.STATUS_CANCELED)
    assert values(shop, canceled, "pending_sum", "payment_sum", "refund_sum") == ["-125.00", "135.00", "10.00"]
    assert str(canceled.pending_sum) == "-125.00"
    pending = shop.order(2, status=Order.STATUS_PENDING)
    assert values(shop, pending, "payment_date", "payment_provider") == [None, ["banktransfer"]]


def test_a_big_order_stays_sane(shop):
    order = bare_order(shop)
    shop.event.orders.filter(pk=order.pk).update(total=0)
    template = shop.add(order, shop.ticket, 1, price=Decimal("0.00"))
    clones = [clone(template, number) for number in range(2, 1001)]
    type(template).all.bulk_create(clones, batch_size=100)
    wanted = everything(shop.event)
    [found] = load(shop, [order], wanted)
    assert [position.number for position in found.positions] == list(range(1, 1001))
    assert queries(shop, [order], wanted) <= 22


def clone(position, number):
    return type(position)(
        order=position.order,
        organizer=position.organizer,
        item=position.item,
        positionid=number,
        price=position.price,
        tax_rate=position.tax_rate,
        tax_value=position.tax_value,
        secret=f"secret{number}",
        web_secret=f"web{number}",
        pseudonymization_id=f"PSEUDO{number}",
    )
