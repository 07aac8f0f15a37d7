"""The main job: orders become contacts, deals and associations; then they change, and HubSpot follows."""

from datetime import timedelta
from decimal import Decimal
from itertools import groupby

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from pretix.base.models import Order
from pretix.base.models.datasync import OrderSyncQueue, OrderSyncResult

from pretix_hubspot.models import KnownRecord, ObjectMapping, OrderState

from .story import KEY


def actions(order):
    return list(
        order.all_logentries()
        .filter(action_type__contains="data_sync")
        .order_by("pk")
        .values_list("action_type", flat=True)
    )


def reads_and_writes(simulator):
    """Requests about records by stage, token and schema left out."""
    return [r.stage for r in simulator.requests if r.stage in ("read", "create", "update", "associate")]


def test_a_new_order_arrives(story):
    order = story.order("A1", email="ada@example.org", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    assert story.world() == {
        "contacts": [
            {
                "email": "ada@example.org",
                "firstname": "Buyer",
                "lastname": "A1",
                "associations": {"deals": ["ADA/CONF/A1"]},
            },
            {
                "email": "grace@example.org",
                "firstname": "Grace",
                "lastname": "Hopper",
                "associations": {"deals": ["ADA/CONF/A1"]},
            },
        ],
        "deals": [
            {
                "pretix_order_key": "ADA/CONF/A1",
                "dealname": "CONF-A1",
                "amount": "100.0",
                "dealstage": "appointmentscheduled",
                "associations": {"contacts": ["ada@example.org", "grace@example.org"]},
            }
        ],
    }
    assert not OrderSyncQueue.objects.exists()
    names = OrderSyncResult.objects.filter(order=order).values_list("external_link_display_name", flat=True)
    assert sorted(names) == ["Contacts: ada@example.org", "Contacts: grace@example.org", "Deals: CONF-A1"]
    assert actions(order) == ["pretix.event.order.data_sync.success"]


def test_a_single_new_order_costs_few_requests(story):
    story.order("A1", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    made = reads_and_writes(story.simulator)
    assert (sorted(made[:2]), made[2:]) == (["create", "read"], ["create", "associate"]), (
        "the deal while people are read"
    )


def test_changes_follow_and_only_what_changed_is_sent(story):
    order = story.order("A1", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    story.simulator.requests.clear()
    order.status, order.total = Order.STATUS_PAID, Decimal("80.00")
    order.save()
    story.queue(order, "order_paid")
    story.sync()
    [deal] = story.world()["deals"]
    assert (deal["amount"], deal["dealstage"]) == ("80.0", "closedwon")
    assert reads_and_writes(story.simulator) == ["read", "update"], "contacts are untouched, and not even read"


def test_an_unchanged_order_costs_nothing(story):
    order = story.order("A1")
    story.sync()
    story.simulator.requests.clear()
    story.queue(order, "order_changed")
    story.sync()
    assert len(list(story.simulator.requests)) == 0
    assert not OrderSyncQueue.objects.exists()
    assert len(actions(order)) == 1, "nothing was done, so the history says nothing"


def test_sync_now_repairs_what_somebody_changed_or_deleted(story):
    order = story.order("A1", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    before = story.world()
    [deal] = story.simulator.portal.records("deals")
    contact = story.simulator.portal.find("contacts", "email", "grace@example.org")
    story.edit(deal, amount="1", dealname="broken")
    story.archive(contact)
    story.queue(order, "user")
    story.sync()
    assert story.world() == before


def test_an_edited_value_stays_when_the_mode_says_so(story):
    order = story.order("A1", email="ada@example.org")
    story.sync()
    contact = story.simulator.portal.find("contacts", "email", "ada@example.org")
    story.edit(contact, firstname="Augusta")
    story.queue(order, "user")
    story.sync()
    assert story.world()["contacts"][0]["firstname"] == "Augusta"


def test_existing_contacts_are_found_whatever_their_case_and_not_defaced(story):
    story.simulator.record("contacts", email="ada@example.org", firstname="Augusta")
    story.order("A1", email="ADA@Example.org")
    story.sync()
    assert [(c["firstname"], c["lastname"]) for c in story.world()["contacts"]] == [("Augusta", "A1")]


def test_two_attendees_with_one_address_make_one_contact(story):
    story.order("A1", attendees=[("g@example.org", "Grace", "Hopper"), ("G@example.org", "Grace", "Murray")])
    story.sync()
    world = story.world()
    assert [c["email"] for c in world["contacts"]] == ["buyer-a1@example.org", "g@example.org"]
    assert world["deals"][0]["associations"]["contacts"] == ["buyer-a1@example.org", "g@example.org"]


def test_two_orders_of_one_buyer_share_the_contact(story):
    for code in ("A1", "A2"):
        story.order(code, email="ada@example.org")
    story.sync()
    world = story.world()
    assert len(world["contacts"]) == 1
    assert world["contacts"][0]["associations"] == {"deals": ["ADA/CONF/A1", "ADA/CONF/A2"]}


def test_two_events_on_one_portal_keep_their_deals_apart(story):
    other = story.add_event("party")
    story.add_mappings(other)
    story.join(other)
    story.order("A1", email="ada@example.org")
    story.order("A1X", email="ada@example.org", event=other)
    story.sync()
    story.sync(other)
    assert [d["pretix_order_key"] for d in story.world()["deals"]] == ["ADA/CONF/A1", "ADA/PARTY/A1X"]


def test_a_changed_order_address_makes_the_new_contact(story):
    order = story.order("A1", email="typo@example.org")
    story.sync()
    order.email = "right@example.org"
    order.save()
    story.queue(order, "sweep")
    story.sync()
    world = story.world()
    assert [c["email"] for c in world["contacts"]] == ["right@example.org", "typo@example.org"]
    assert "right@example.org" in world["deals"][0]["associations"]["contacts"]


def test_one_refused_address_fails_its_order_alone(story):
    orders = [story.order(f"A{n}") for n in range(10)]
    bad = story.order("BAD", email="invalid@-example-.org")
    story.sync()
    assert len(story.world()["deals"]) == 11, "the deal of the bad order arrived as well"
    [row] = OrderSyncQueue.objects.all()
    assert (row.order_id, row.need_manual_retry, row.in_flight) == (bad.pk, "permanent", False)
    entry = bad.all_logentries().get(action_type="pretix.event.order.data_sync.failed.permanent")
    [reason] = entry.parsed_data["error"]
    assert "Contacts" in reason and "email" in reason.lower()
    assert "invalid@" not in reason
    assert all(actions(order) == ["pretix.event.order.data_sync.success"] for order in orders)


def test_an_odd_address_is_refused_before_it_is_sent(story):
    bad = story.order("BAD", email="two@@example.org")
    story.sync()
    assert OrderSyncQueue.objects.get().need_manual_retry == "permanent"
    assert OrderState.objects.get(order=bad).problem[0]["code"] == "invalid_email"


def test_orders_without_an_address_make_a_deal_only(story):
    story.order("A1", email="")
    story.sync()
    assert [len(records) for records in story.world().values()] == [0, 1]
    assert not OrderSyncQueue.objects.exists()


@pytest.mark.parametrize(
    "values, reason",
    [
        ({"testmode": True}, "test_mode"),
        ({"datetime": now() - timedelta(days=1)}, "before_connection"),
    ],
)
def test_orders_out_of_scope_are_left_out_with_a_reason_until_asked_for(story, values, reason):
    order = story.order("A1", **values)
    story.sync()
    assert story.world() == {"contacts": [], "deals": []}
    assert not OrderSyncQueue.objects.exists()
    assert OrderState.objects.get(order=order).excluded_reason == reason
    assert "Not sent" in OrderSyncResult.objects.get(order=order).external_link_html()
    story.queue(order, "user")
    story.sync()
    assert len(story.world()["deals"]) == 1
    story.queue(order, "order_changed")
    story.sync()
    assert OrderState.objects.get(order=order).excluded_reason == ""
    assert not OrderSyncResult.objects.filter(order=order, external_object_type="excluded").exists()


def test_a_wish_by_hand_is_not_forgotten_over_a_later_signal(story):
    order = story.order("A1", testmode=True, queue=False)
    story.queue(order, "user")
    story.queue(order, "order_changed")
    story.sync()
    assert len(story.world()["deals"]) == 1


def test_merged_contacts_are_followed(story):
    order = story.order("A1", email="ada@example.org", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    portal = story.simulator.portal
    ada, grace = (portal.find("contacts", "email", f"{name}@example.org") for name in ("ada", "grace"))
    story.merge(ada, grace)
    story.queue(order, "user")
    story.sync()
    [contact] = story.world()["contacts"]
    assert contact["email"] == "ada@example.org"
    assert len(set(KnownRecord.objects.filter(object_type="contacts").values_list("record_id", flat=True))) == 1
    assert not OrderSyncQueue.objects.exists()


@pytest.mark.parametrize("gone", [False, True])
def test_records_that_an_answer_leaves_out_are_asked_for_one_by_one(story, gone):
    order = story.order("A1", email="ada@example.org")
    story.sync()
    ada = story.simulator.portal.find("contacts", "email", "ada@example.org")
    if gone:
        story.archive(ada)
    else:  # by its old address nobody would find the contact any more
        story.edit(ada, email="lovelace@example.org")
    order.total = 55
    order.save()
    left_out = story.simulator.faults.add("drop-results", path="batch/read", times=None)
    story.queue(order, "user")
    story.sync()
    assert left_out.fired
    assert not OrderSyncQueue.objects.exists()
    [contact] = story.world()["contacts"]
    assert contact["email"] == ("ada@example.org" if gone else "lovelace@example.org")
    assert [deal["amount"] for deal in story.world()["deals"]] == ["55.0"]


def test_a_deal_of_our_key_made_by_somebody_else_is_taken_over(story):
    story.simulator.record("deals", **{KEY: "ADA/CONF/A1", "dealname": "by hand", "dealstage": "appointmentscheduled"})
    story.order("A1")
    story.sync()
    assert [d["dealname"] for d in story.world()["deals"]] == ["CONF-A1"]


def test_a_vanished_property_is_a_misconfiguration_that_names_the_row(story):
    mapping = ObjectMapping.objects.get(external_object_type="deals")
    mapping.property_mappings[0]["external_field"] = "gone"
    mapping.save()
    order = story.order("A1", email="ada@example.org")
    story.sync()
    assert [c["email"] for c in story.world()["contacts"]] == ["ada@example.org"]
    assert OrderSyncQueue.objects.get().need_manual_retry == "config"
    [problem] = OrderState.objects.get(order=order).problem
    assert (problem["code"], problem["mapping"], problem["params"]["property"]) == (
        "unknown_property",
        mapping.pk,
        "gone",
    )


def test_odd_people_arrive_whole(story):
    people = [
        ("rtl@example.org", "\u202eאדה", "לאבלייס"),
        ("emoji@example.org", "🎉 Grace", "O\u2019Hopper 💜"),
        (f"{'x' * 60}@{'a' * 60}.{'b' * 60}.example.org", "L" * 180, "ß"),
    ]
    story.order("A1", attendees=people)
    story.sync()
    assert not OrderSyncQueue.objects.exists()
    assert {(c["email"], c["firstname"], c["lastname"]) for c in story.world()["contacts"]} >= set(people)


def test_the_same_queries_for_one_order_as_for_thirty(story, field_names_are_kept):
    def queries(count, start):
        for n in range(start, start + count):
            story.order(f"Q{n}", attendees=[(f"a{n}@example.org", "A", "B"), (f"b{n}@example.org", "C", "D")])
        with CaptureQueriesContext(connection) as captured:
            story.sync()
        # The request budget costs queries per request to HubSpot, not per order, and only without Redis.
        about_orders = [q["sql"] for q in captured if "budget" not in q["sql"] and "SAVEPOINT" not in q["sql"]]
        # SQLite splits long inserts.
        return len([head for head, _ in groupby(sql.partition("(")[0] for sql in about_orders)])

    queries(2, 0)  # the catalogue and content types are read once
    assert queries(30, 200) <= queries(1, 100)


def test_people_are_associated_with_each_other_and_nobody_with_themselves(story):
    buyer, attendee, deal = story.event.hubspot_object_mappings.order_by("position")
    deal.delete()
    attendee.association_mappings = [{"mapping": buyer.pk}]
    attendee.save()
    people = [("grace@example.org", "Grace", "Hopper"), ("ada@example.org", "Ada", "Lovelace")]
    story.order("A1", email="ada@example.org", attendees=people)

    story.sync()

    assert story.world()["contacts"] == [
        {
            "email": "ada@example.org",
            "firstname": "Buyer",
            "lastname": "A1",
            "associations": {"contacts": ["grace@example.org"]},
        },
        {
            "email": "grace@example.org",
            "firstname": "Grace",
            "lastname": "Hopper",
            "associations": {"contacts": ["ada@example.org"]},
        },
    ]


def test_two_addresses_of_one_person_are_not_associated_with_each_other(story):
    buyer, attendee, deal = story.event.hubspot_object_mappings.order_by("position")
    deal.delete()
    attendee.association_mappings = [{"mapping": buyer.pk}]
    attendee.save()
    story.merge(*(story.simulator.record("contacts", email=f"{name}@example.org") for name in ("ada", "countess")))
    story.order("A1", email="ada@example.org", attendees=[("countess@example.org", "Ada", "Lovelace")])

    story.sync()

    assert [entry.path for entry in story.simulator.requests if entry.stage == "associate"] == []
    assert [(contact["email"], contact.get("associations")) for contact in story.world()["contacts"]] == [
        ("ada@example.org", None)
    ]
    assert not OrderSyncQueue.objects.exists()
