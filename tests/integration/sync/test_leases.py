"""A worker writes only records that it leased; what it did while another one took over is done again."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import Option
from pretix_hubspot.models import KnownRecord, ObjectMapping, OrderState, RecordAlias, RecordUse
from pretix_hubspot.sync.provider import HubSpotSyncProvider
from pretix_hubspot.sync.run.forgetting import forget_leftovers

ADA = "ada@example.org"
NAME, CODE = "invoice_address_name_family_name", "event_order_code"
POLICIES = ("", "newest", "first", "buyer", "keep_names")
#: What each property may hold in the end, by the policy: the older order is A1, the newer one A2.
EITHER, BOTH = {"A1", "A2"}, {"CONF-A1;CONF-A2", "CONF-A2;CONF-A1"}
OWNER = {"newest": {"A2"}, "first": {"A1"}, "buyer": {"A1"}, "": EITHER, "keep_names": {"as before"}}


def mapping_of_every_kind(story, policy):
    codes = tuple(Option(f"CONF-{code}", code) for code in ("A0", "A1", "A2", "A3"))
    story.add_property("contacts", "boxes", "enumeration", "checkbox", options=codes)
    for name, field_type in {
        "texts": "text",
        "areas": "textarea",
        "html": "html",
        "once": "text",
        "new": "text",
    }.items():
        story.add_property("contacts", name, "string", field_type)
    ObjectMapping.objects.all().delete()
    lists = [(CODE, name, "append") for name in ("boxes", "texts", "areas", "html")]
    rows = [(NAME, "lastname", "overwrite"), (CODE, "once", "if_empty"), (CODE, "new", "if_new"), *lists]
    mapping = story.add_mapping(story.event, "Order", "contacts", ("email", "email"), rows)
    mapping.options = {"same_address": policy} if policy else {}
    mapping.save()
    return mapping


def send(order):
    rows = list(OrderSyncQueue.objects.filter(order=order, in_flight=False))
    with HubSpotSyncProvider(event=order.event) as provider:
        provider.sync_queued_orders(rows)


def sync_until_nothing_waits(story):
    for _ in range(5):
        OrderSyncQueue.objects.update(not_before=now() - timedelta(seconds=1))
        story.sync()
    assert not OrderSyncQueue.objects.exists()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("moment", ["batch read", "batch update"])
@pytest.mark.parametrize("first", ["A1", "A2"])
def test_two_workers_with_one_person_lose_nothing(story, before_request, policy, moment, first):
    """Each kind of property under each policy, whichever order comes in between the steps of the other."""
    mapping_of_every_kind(story, policy)
    story.simulator.record("contacts", email=ADA, lastname="as before", once="by hand")
    orders = {code: story.order(code, email=ADA) for code in ("A1", "A2")}
    other = orders["A2" if first == "A1" else "A1"]
    before_request(moment, lambda: send(other))
    send(orders[first])
    sync_until_nothing_waits(story)

    held = story.simulator.portal.find("contacts", "email", ADA).properties
    found = {name: held.get(name) or "" for name in ("boxes", "texts", "areas", "html", "once", "new", "lastname")}
    wanted = dict.fromkeys(("boxes", "texts", "areas", "html"), BOTH) | {"once": {"by hand"}, "new": {""}}
    wanted["lastname"] = OWNER[policy] if policy != "keep_names" else EITHER | {"as before"}
    assert {name: value for name, value in found.items() if value not in wanted[name]} == {}
    assert OrderState.objects.exclude(sent_hash="").count() == 2


@pytest.mark.parametrize("moment", ["batch update", "associations create"])
def test_a_lease_lost_in_the_middle(story, before_request, fake_clock, moment):
    """The orders of the lost record come back; the others of the slice are in sync."""
    story.order("A0", email=ADA)
    story.sync()
    buyer = ObjectMapping.objects.get(external_object_type="contacts", pretix_model="Order")
    story.add_rows(buyer, (CODE, "lastname", "overwrite"))
    lost, kept = story.order("A1", email=ADA), story.order("A2", email="bea@example.org")

    def fall_asleep():
        fake_clock.advance(301)
        record = KnownRecord.objects.get(object_type="contacts", record_id=ada.id)
        KnownRecord.objects.filter(pk=record.pk).update(
            lease="another worker", leased_until=now() + timedelta(minutes=5)
        )

    ada = story.simulator.portal.find("contacts", "email", ADA)
    before_request(moment, fall_asleep)
    story.sync()

    waiting = OrderSyncQueue.objects.values_list("order", "in_flight", "failed_attempts")
    assert list(waiting) == [(lost.pk, False, 0)]
    assert OrderState.objects.exclude(sent_hash="").filter(order=kept).exists()
    assert KnownRecord.objects.get(record_id=ada.id).lease == "another worker", "whose lease it is"
    KnownRecord.objects.update(lease="", leased_until=None)
    sync_until_nothing_waits(story)
    assert ada.get("lastname") == "CONF-A1"


@pytest.mark.parametrize("policy", ["newest", "first"])
def test_a_contact_with_two_addresses_has_one_owner(story, policy):
    """Two keys of ours for one record: in one slice, and one after the other."""
    mapping = mapping_of_every_kind(story, policy)
    home = story.simulator.record("contacts", email="home@ada.example")
    story.merge(story.simulator.record("contacts", email=ADA, lastname="as before"), home)
    story.order("A2", email="home@ada.example", datetime=now())
    newer = story.order("A3", email=ADA)
    send(newer)
    sync_until_nothing_waits(story)
    ada = story.simulator.portal.find("contacts", "email", ADA)
    assert ada.get("lastname") == {"first": "A2", "newest": "A3"}[policy]
    assert KnownRecord.objects.count() == 1 and RecordAlias.objects.count() == 1
    assert RecordUse.objects.filter(mapping_id=mapping.pk).count() == 2


def test_what_dead_workers_left_is_forgotten_and_nothing_else(story, fake_clock):
    """A contact that was shredded while a worker wrote it, and a record that was never created."""
    story.order("A1", email="ada@example.org")
    story.sync()
    before = set(KnownRecord.objects.values_list("pk", flat=True))
    [contact] = KnownRecord.objects.filter(object_type="contacts")
    same = {"portal_id": contact.portal_id, "object_type": "contacts", "lease": "of a dead worker"}
    for key, record_id, minutes in (("shredded", "77", -1), ("new", "", -1), ("being written", "78", 5)):
        until = now() + timedelta(minutes=minutes)
        KnownRecord.objects.create(**same, key=key, record_id=record_id, leased_until=until)

    assert forget_leftovers(step=1) == 2

    left = KnownRecord.objects.exclude(pk__in=before)
    assert [row.key for row in left] == ["being written"]
    assert set(KnownRecord.objects.values_list("pk", flat=True)) - {left[0].pk} == before


def test_an_order_s_own_record_is_remembered_though_nobody_uses_it(story):
    story.order("A1")
    story.sync()
    deals = KnownRecord.objects.filter(object_type="deals")
    deals.update(lease="of a dead worker", leased_until=now() - timedelta(minutes=1))
    RecordUse.objects.filter(record__in=deals).delete()

    assert forget_leftovers() == 0
