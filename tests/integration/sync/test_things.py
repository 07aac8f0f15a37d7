"""Changes beside the orders: which orders are planned again, what it costs, and what is only offered."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from pretix.base.models import LogEntry, Question
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator.crm.properties.definitions import Option
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.mappings import revisions
from pretix_hubspot.models import EventConnection, ObjectMapping, OrderState, Round, Run
from pretix_hubspot.sources.registry import source_fields
from pretix_hubspot.sources.relations import LOADERS
from pretix_hubspot.sources.things import BY_NEED, Thing
from pretix_hubspot.sync import sweep
from pretix_hubspot.sync.periodic import lap
from pretix_hubspot.sync.queue import order_queue, outdated_orders
from pretix_hubspot.sync.queue.triggers import Trigger
from tests.interruptions import raising

READS_THE_SCHEMA = r'FROM "pretix_hubspot_catalogentry"'
#: Choices whose options are the same in every event.
FIXED = {"order_status", "ticket_status", "order_locale"}


def sweep_up(story):
    return sweep.run(EventConnection.objects.select_related("event", "connection").get(pk=story.joined.pk))


def look_at_all(story, fake_clock):
    """A day passes, in which every order of the server has its turn."""
    lap.go_on(Round.row())
    fake_clock.advance(timedelta(days=1).total_seconds())
    lap.go_on(Round.row())


def queued():
    rows = OrderSyncQueue.objects.order_by("order__code").values_list("order__code", "triggered_by")
    return list(rows)


def outdated(story):
    return dict(outdated_orders.outdated(story.event).values_list("order__code", "outdated_by"))


@pytest.fixture
def deals(story):
    return story.event.hubspot_object_mappings.get(external_object_type="deals")


@pytest.fixture
def attendees():
    return ObjectMapping.objects.get(pretix_model="OrderPosition")


@pytest.fixture
def reading(story):
    """``reading(mapping, field)``: the mapping sends the field into a property of its own, named ``read``."""

    def reading(mapping, field, kind="string", field_type="text", **more):
        story.add_property(mapping.external_object_type, "read", kind, field_type, **more)
        story.add_rows(mapping, (field, "read", "overwrite"))

    return reading


def sent(story, *codes, **values):
    """Orders that arrived, and that no round has news about."""
    orders = [story.order(code, attendees=[(f"{code.lower()}@example.org", "Ann", code)], **values) for code in codes]
    story.sync()
    assert sweep_up(story) == 0
    return orders


def read(story, object_type="deals"):
    return sorted(record["read"] for record in story.world(**{object_type: ["read"]})[object_type] if record["read"])


# Every kind of thing


def test_the_event(story, deals, reading):
    reading(deals, "main_event_location")
    sent(story, "A1", "A2")
    story.event.location = "Hall 2"
    story.event.save()
    story.event.log_action("pretix.event.changed", data={"location": "Hall 2"})
    assert sweep_up(story) == 2
    assert queued() == [("A1", "bulk_thing"), ("A2", "bulk_thing")]
    story.sync()
    assert read(story) == ["Hall 2", "Hall 2"]
    assert sweep_up(story) == 0, "once is enough"


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("event_currency", lambda event: setattr(event, "currency", "USD")),
        ("event_timezone", lambda event: event.settings.set("timezone", "Asia/Tokyo")),
        ("order_date", lambda event: event.settings.set("timezone", "Asia/Tokyo")),
        ("invoice_address_name_family_name", lambda event: event.settings.set("name_scheme", "full")),
        ("event_name", lambda event: event.settings.set("locale", "de")),
        ("event_meta_Hall", lambda event: event.meta_values.update(value="North")),
    ],
)
def test_settings_of_the_event(story, deals, reading, field, change):
    hall = story.organizer.meta_properties.create(name="Hall", default="")
    story.event.meta_values.create(property=hall, value="South")
    reading(deals, field)
    sent(story, "A1")
    change(story.event)
    story.event.save()
    story.event.log_action("pretix.event.settings", data={})
    assert sweep_up(story) == 1
    assert queued() == [("A1", "bulk_thing")]


def test_the_organizer_and_the_defaults_of_meta_data(story, deals, reading):
    hall = story.organizer.meta_properties.create(name="Hall", default="North")
    reading(deals, "event_meta_Hall")
    sent(story, "A1")
    hall.default = "South"
    hall.save()
    hall.log_action("pretix.property.changed")
    assert sweep_up(story) == 1
    story.sync()
    assert read(story) == ["South"]


def test_a_date_concerns_only_its_orders(story, attendees, reading):
    reading(attendees, "event_date_from", "datetime", "date")
    story.event.has_subevents = True
    story.event.save()
    dates = [
        story.event.subevents.create(name=name, date_from=datetime(2027, 3, day, 20, tzinfo=UTC))
        for name, day in (("One", 1), ("Two", 2))
    ]
    orders = [story.order(f"A{n}", attendees=[(f"a{n}@example.org", "Ann", "Lee")], queue=False) for n in (1, 2)]
    for order, date in zip(orders, dates, strict=True):
        order.all_positions.update(subevent=date)
        story.queue(order)
    story.sync()
    assert sweep_up(story) == 0
    dates[1].date_from += timedelta(days=7)
    dates[1].save()
    dates[1].log_action("pretix.subevent.changed")
    assert sweep_up(story) == 1
    assert queued() == [("A2", "bulk_thing")]
    story.sync()
    assert [day[:10] for day in read(story, "contacts")] == ["2027-03-01", "2027-03-09"]


def test_a_product_its_variations_and_its_category(story, attendees, reading):
    reading(attendees, "product_name")
    order, _ = sent(story, "A1", "A2")
    category = story.event.categories.create(name="Tickets")
    other = story.event.items.create(name="Other", default_price=1, category=category)
    order.all_positions.update(item=other, variation=other.variations.create(value="Red"))
    story.queue(order)
    story.sync()
    other.name = "Another"
    other.save()
    for what in (other, category):
        what.log_action("pretix.event.item.changed")
        assert sweep_up(story) == 1
        assert queued() == [("A1", "bulk_thing")]
        story.sync()
    assert read(story, "contacts") == ["Another", "Ticket"]


def test_a_product_that_a_filter_goes_by(story, deals):
    deals.options = {"filters": {"admission": True}}
    deals.save()
    sent(story, "A1")
    story.event.ticket.admission = False
    story.event.ticket.save()
    story.event.ticket.log_action("pretix.event.item.changed")
    assert sweep_up(story) == 1
    story.sync()
    story.event.ticket.admission = True
    story.event.ticket.save()
    story.event.ticket.log_action("pretix.event.item.changed")
    assert sweep_up(story) == 1, "what was left out comes back as well"


def test_an_option_of_a_question(story, attendees, reading):
    question = story.event.questions.create(question="Food?", type=Question.TYPE_CHOICE, identifier="FOOD")
    question.items.add(story.event.ticket)
    option = question.options.create(answer="Vegan", identifier="V")
    reading(attendees, "question_FOOD")
    attendees.options = {"labels": True}
    attendees.revision += 1
    attendees.save()
    order, _ = sent(story, "A1", "A2")
    answer = order.all_positions.get().answers.create(question=question, answer="Vegan")
    answer.options.add(option)
    story.queue(order)
    story.sync()
    assert read(story, "contacts") == ["Vegan"]
    option.answer = "Plants"
    option.save()
    question.log_action("pretix.event.question.option.changed", data={"id": option.pk})
    assert sweep_up(story) == 1
    assert queued() == [("A1", "bulk_thing")]
    story.sync()
    assert read(story, "contacts") == ["Plants"]


def test_a_customer_whose_entries_belong_to_no_event(story, deals, reading):
    reading(deals, "customer_name")
    names = {"_scheme": "full", "full_name": "Jane"}
    jane = story.organizer.customers.create(email="jane@example.org", name_parts=names)
    joe = story.organizer.customers.create(email="joe@example.org", name_parts=names)
    sent(story, "A1", customer=jane)
    sent(story, "A2", customer=joe)
    jane.name_parts = {"_scheme": "full", "full_name": "Jane Roe"}
    jane.save()
    jane.log_action("pretix.customer.changed")
    assert sweep_up(story) == 1
    assert queued() == [("A1", "bulk_thing")]
    story.sync()
    assert read(story) == ["Jane", "Jane Roe"]


def test_a_voucher_a_discount_a_membership_and_a_gift_card(story, attendees):
    voucher = story.event.vouchers.create(code="V", tag="press")
    discount = story.event.discounts.create(internal_name="Early", condition_min_count=1)
    kind = story.organizer.membership_types.create(name="Club")
    jane = story.organizer.customers.create(email="jane@example.org")
    year = {"date_start": now(), "date_end": now() + timedelta(days=365)}
    membership = jane.memberships.create(membership_type=kind, **year)
    rows = {"voucher_tag": "tag", "discount": "rebate", "membership": "member", "gift_card_codes": "cards"}
    for field, name in rows.items():
        story.add_property("contacts", name)
        story.add_rows(attendees, (field, name, "overwrite"))
    order, _ = sent(story, "A1", "A2")
    order.all_positions.update(voucher=voucher, discount=discount, used_membership=membership)
    story.queue(order)
    story.sync()
    for thing in (voucher, discount, kind, jane):
        thing.log_action("pretix.changed")
        assert sweep_up(story) == 1, thing
        assert queued() == [("A1", "bulk_thing")]
        story.sync()
    card = story.organizer.issued_gift_cards.create(currency="EUR", issued_in=order.all_positions.get())
    card.log_action("pretix.giftcards.created")
    assert sweep_up(story) == 1
    assert queued() == [("A1", "sweep")], "a part of the order itself, which is sent whatever the event chose"


def test_a_question_under_another_identifier(story, attendees, reading):
    question = story.event.questions.create(question="Food?", type="S", identifier="FOOD")
    reading(attendees, "question_FOOD")
    order, _ = sent(story, "A1", "A2")
    order.all_positions.get().answers.create(question=question, answer="Soup")
    story.queue(order)
    story.sync()
    question.identifier = "DISH"
    question.save()
    question.log_action("pretix.event.question.changed")
    assert sweep_up(story) == 1
    assert queued() == [("A1", "bulk_thing")]


def test_an_order_that_failed_for_it_is_tried_again(story, attendees, reading):
    reading(attendees, "product_choice", "enumeration", "select", options=[Option("seat", "Seat")])
    story.order("A1", attendees=[("a1@example.org", "Ann", "Lee")])
    story.sync()
    assert OrderSyncQueue.objects.get().need_manual_retry == "config"
    sweep_up(story)
    story.event.ticket.name = "Seat"
    story.event.ticket.save()
    story.event.ticket.log_action("pretix.event.item.changed")
    sweep_up(story)
    assert queued() == [("A1", "bulk_retry")]
    story.sync()
    assert read(story, "contacts") == ["seat"]


# What it costs


def test_orders_that_do_not_read_it_are_left_in_peace(story):
    sent(story, "A1")
    date = story.event.subevents.create(name="Evening", date_from=now())
    customer = story.organizer.customers.create(email="jane@example.org")
    question = story.event.questions.create(question="Food?", type="S", identifier="FOOD")
    story.event.date_from, story.event.name = now(), "Renamed"
    story.event.save()
    for thing in (story.event, story.organizer, story.event.ticket, date, customer, question):
        thing.log_action("pretix.changed")
    assert sweep_up(story) == 0
    assert queued() == []


def test_an_unchanged_order_costs_no_request_and_no_line_in_the_log(story, deals, reading):
    reading(deals, "event_name")
    sent(story, "A1")
    EventConnection.objects.update(things={})
    story.event.log_action("pretix.event.settings", data={"mail_text": "Hello"})
    runs = Run.objects.count()
    assert sweep_up(story) == 1, "what the event was like before is not known"
    story.simulator.requests.clear()
    story.sync()
    assert list(story.simulator.requests) == []
    assert (Run.objects.count(), queued()) == (runs, [])
    story.event.log_action("pretix.event.settings", data={"mail_text": "Hi"})
    assert sweep_up(story) == 0, "now it is"


def test_many_orders_are_queued_in_as_many_statements_as_few(story, deals, reading):
    reading(deals, "event_name")
    sent(story, "A1")

    def statements():
        story.event.name = f"{story.event.name}!"
        story.event.save()
        story.event.log_action("pretix.event.changed")
        with CaptureQueriesContext(database) as queries:
            found = sweep_up(story)
        assert queued() and OrderSyncQueue.objects.count() == found
        OrderSyncQueue.objects.all().delete()
        return found, len(queries)

    assert statements()[0] == 1
    few = statements()[1]
    [state] = OrderState.objects.all()
    for number in range(60):
        order = story.order(f"B{number}", queue=False)
        OrderState.objects.create(order=order, portal_id=state.portal_id, sent_hash="x", sent_at=now(), planner=1)
    found, many = statements()
    # One of so many orders may just have its turn in the round, which asks three times, however many have.
    assert found == 61 and many in (few, few + 3)


def test_an_interruption_loses_nothing(story, deals, reading, statements):
    reading(deals, "event_name")
    sent(story, "A1", "A2")
    story.event.name = "Renamed"
    story.event.save()
    story.event.log_action("pretix.event.changed")
    statements.before(READS_THE_SCHEMA, raising(ValueError()))
    with pytest.raises(ValueError):
        sweep_up(story)
    assert queued() == [("A1", "bulk_thing"), ("A2", "bulk_thing")]
    OrderSyncQueue.objects.filter(order__code="A2").delete()  # as if the interruption had come between
    assert sweep_up(story) == 2
    assert queued() == [("A1", "bulk_thing"), ("A2", "bulk_thing")]
    assert sweep_up(story) == 0


def test_an_entry_that_is_committed_late_is_found_and_handled_once(story, deals, reading):
    reading(deals, "event_name")
    sent(story, "A1")
    story.event.name = "Renamed"
    story.event.save()
    late = story.event.log_action("pretix.event.changed")
    LogEntry.all.filter(pk=late.pk).update(visible=False)  # not committed yet
    story.event.log_action("pretix.event.live.activated")
    EventConnection.objects.update(things={**EventConnection.objects.get().things, "facts": {}})
    assert sweep_up(story) == 1
    OrderSyncQueue.objects.all().delete()
    LogEntry.all.filter(pk=late.pk).update(visible=True)
    EventConnection.objects.update(things={**EventConnection.objects.get().things, "facts": {}})
    assert sweep_up(story) == 1
    OrderSyncQueue.objects.all().delete()
    assert sweep_up(story) == 0


# What is offered


def test_an_event_that_chose_so_is_offered_what_differs_and_only_that(story, attendees, reading):
    reading(attendees, "product_name")
    EventConnection.objects.update(source_changes="offer")
    *_, unchanged = sent(story, "A1", "A2", "A3")
    other = story.event.items.create(name="Other", default_price=1)
    unchanged.all_positions.update(item=other)
    story.queue(unchanged)
    story.sync()
    story.event.ticket.name = "Seat"
    story.event.ticket.save()
    for item in (story.event.ticket, other):
        item.log_action("pretix.event.item.changed")
    assert sweep_up(story) == 3
    assert {trigger for _, trigger in queued()} == {"bulk_offer_thing"}
    story.simulator.requests.clear()
    story.sync()
    assert list(story.simulator.requests) == []
    assert outdated(story) == {"A1": "thing", "A2": "thing"}
    text = "The event, dates, products or customers were changed in pretix after they were sent."
    assert [(str(reason), count) for reason, count in outdated_orders.reasons(story.event)] == [(text, 2)]
    story.send_again()
    story.sync()
    assert outdated(story) == {}
    assert read(story, "contacts") == ["Other", "Seat", "Seat"]


def test_an_order_that_changed_itself_is_sent_though_it_was_to_be_offered(story, deals, reading):
    reading(deals, "event_name")
    EventConnection.objects.update(source_changes="offer")
    [order] = sent(story, "A1")
    order_queue.enqueue(story.event, [order.pk], Trigger.OFFER_THING)
    order.total += 1
    order.save()
    order.log_action("pretix.event.order.changed")
    story.sync()
    assert outdated(story) == {}
    assert [deal["amount"] for deal in story.world(deals=["amount"])["deals"]] == ["101.0"]


def test_sending_again_takes_over_what_waits_to_be_offered(story):
    [order] = sent(story, "A1")
    order_queue.enqueue(story.event, [order.pk], Trigger.OFFER_THING)
    order_queue.enqueue(story.event, [order.pk], Trigger.OFFER_DEFINITION)
    assert queued() == [("A1", "bulk_offer_thing")]
    story.send_again(everything=True)
    assert queued() == [("A1", "bulk")]


def test_another_type_of_property_is_offered(story, deals, reading):
    reading(deals, "order_total")
    sent(story, "A1")
    story.simulator.portal.schema.archive("deals", "read")
    story.simulator.portal.schema.remove("deals", "read")
    story.add_property("deals", "read", "number", "number")
    Catalog(story.connection).refresh()
    assert sweep_up(story) == 1
    assert queued() == [("A1", "bulk_offer_definition")]
    story.sync()
    assert sweep_up(story) == 0
    story.simulator.portal.schema.change("deals", "read", label="Read")
    Catalog(story.connection).refresh()
    assert sweep_up(story) == 0, "a label changes no value"


def test_a_renamed_option_is_offered_where_it_makes_a_difference(story, deals, reading):
    reading(deals, "sales_channel", "enumeration", "select", options=[Option("shop", "Online shop")])
    sent(story, "A1")
    story.simulator.portal.schema.change("deals", "read", options=[Option("web_shop", "Online shop")])
    Catalog(story.connection).refresh()
    sweep_up(story)
    story.sync()
    assert outdated(story) == {"A1": "definition"}
    story.send_again()
    story.sync()
    assert read(story) == ["web_shop"]


def test_other_settings_of_the_portal_are_looked_at_once(story):
    sent(story, "A1")
    story.connection.account = {**story.connection.account, "time_zone": "Asia/Tokyo"}
    story.connection.save()
    assert sweep_up(story) == 1
    assert queued() == [("A1", "bulk_offer_definition")]
    story.sync()
    assert (outdated(story), sweep_up(story)) == ({}, 0), "a time zone is no matter to an amount"


def test_a_property_that_is_gone_makes_no_sync_problems_by_itself(story, deals, reading, fake_clock):
    reading(deals, "event_name")
    sent(story, "A1")
    story.simulator.portal.schema.archive("deals", "read")
    Catalog(story.connection).refresh()
    look_at_all(story, fake_clock)
    story.sync()
    assert (queued(), outdated(story)) == ([], {"A1": "definition"})


# What left no entry


def test_what_nobody_noted_is_found_within_a_day(story, deals, reading, period, fake_clock):
    reading(deals, "event_name")
    sent(story, "A1", "A2")
    story.event.name = "Renamed"
    story.event.save()
    period()
    assert read(story) == ["Conference", "Conference"]
    fake_clock.advance(timedelta(days=1).total_seconds())
    period()
    assert read(story) == ["Renamed", "Renamed"]


def test_it_is_looked_at_once_a_day_and_costs_no_request(story, fake_clock):
    sent(story, "A1")
    look_at_all(story, fake_clock)
    assert queued() == [("A1", "bulk_compared")]
    story.simulator.requests.clear()
    story.sync()
    assert list(story.simulator.requests) == []
    sweep_up(story)
    assert queued() == []


def test_what_is_offered_is_not_sent_by_the_daily_look(story, deals, fake_clock):
    sent(story, "A1")
    story.add_rows(deals, ("order_code", "description", "overwrite"))
    deals.log_action("pretix_hubspot.mapping.changed")
    look_at_all(story, fake_clock)
    assert queued() == []
    assert outdated(story) == {"A1": ""}


def test_what_an_upgrade_changed_without_a_note_is_offered(story, deals, fake_clock):
    sent(story, "A1")
    OrderState.objects.update(planner=revisions.PLANNER - 1, sent_hash="of another version")
    look_at_all(story, fake_clock)
    assert queued() == [("A1", "bulk_offer_upgrade")]
    story.sync()
    assert outdated(story) == {"A1": "upgrade"}


def test_a_paused_event_is_not_filled_with_comparisons(story, fake_clock):
    sent(story, "A1")
    EventConnection.objects.update(paused_since=now())
    look_at_all(story, fake_clock)
    assert queued() == []


# What source fields say


def test_every_relation_says_of_which_thing_it_tells():
    assert BY_NEED.keys() == LOADERS.keys()


def test_every_choice_says_whose_names_its_options_are(story):
    question = story.event.questions.create(question="Food?", type=Question.TYPE_CHOICE, identifier="FOOD")
    question.options.create(answer="Vegan", identifier="V")
    fields = source_fields(story.event)
    silent = {key for key, field in fields.items() if field.enum_opts and not field.reads}
    assert silent == FIXED
    assert fields["product_choice"].reads == {Thing.PRODUCT}
    assert fields["question_FOOD"].reads == {Thing.QUESTION}
    assert fields["subevent_name"].reads == {Thing.DATE, Thing.EVENT}
    assert fields["order_total"].reads == frozenset()
