"""The preview: the engine's own plan, shown and not sent; who may look; and what is remembered of it."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pretix.base.models import User
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import Property
from pretix_hubspot.catalog.association_labels import ensure_label
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.mappings.suggestions import property_mapping
from pretix_hubspot.models import KnownRecord, OrderState
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  found by name

from .conftest import browser, make_user, page_of, writes

PREVIEW = "/control/event/ada/conf/hubspot/preview/"
ALLOWED = {"event.settings.general:write": True, "event.orders:read": True, "event.orders:write": True}


@pytest.fixture
def boss(story):
    return browser(make_user(story.organizer, "boss", **ALLOWED))


def look(client, code="A1"):
    return page_of(client.post(PREVIEW, {"code": code}))


def cells(html):
    """The rows of all tables: (field, before, after, what happens)."""
    return [row for row in table_rows(html) if len(row) == 4]


def links(html):
    """The rows of the table of associations: (objects, before, after)."""
    return [row for row in table_rows(html) if len(row) == 3]


def table_rows(html):
    rows = re.findall(r'<tr role="row"[^>]*>\s*<th role="rowheader" scope="row">(.*?)</th>(.*?)</tr>', html)
    return [(plain(name), *map(plain, re.findall(r'<td role="cell".*?>(.*?)</td>', rest))) for name, rest in rows]


def plain(html):
    return " ".join(re.sub(r"<[^>]*>", "", html).split())


def test_a_new_order_shows_what_would_be_created_and_nothing_is_written(story, boss):
    order = story.order("A1", email="ada@example.org", attendees=[("bob@example.org", "Bob", "Byte")], queue=False)
    before = story.world()
    story.simulator.requests.clear()
    html = look(boss)
    assert cells(html) == [
        ("First Name", "–", "Buyer", "will be changed"),
        ("Last Name", "–", "A1", "will be changed"),
        ("Email", "–", "ada@example.org", "will be changed"),
        ("First Name", "–", "Bob", "will be changed"),
        ("Last Name", "–", "Byte", "will be changed"),
        ("Email", "–", "bob@example.org", "will be changed"),
        ("Deal Name", "–", "CONF-A1", "will be changed"),
        ("Amount", "–", "100", "will be changed"),
        ("Currency", "–", "EUR", "will be changed"),
        ("pretix order key", "–", "ADA/CONF/A1", "will be changed"),
        ("Pipeline", "–", "Sales Pipeline default", "will be changed"),
        ("Deal Stage", "–", "Appointment Scheduled appointmentscheduled", "will be changed"),
    ]
    assert html.count("will be created") == 3
    assert links(html) == [("3. Deal – 1. Contact", "–", "linked"), ("3. Deal – 2. Contact", "–", "linked")]
    assert writes(story.simulator) == []
    assert story.world() == before
    assert not KnownRecord.objects.exists() and not OrderState.objects.exists() and not OrderSyncQueue.objects.exists()
    entry = order.all_logentries().get()
    assert (entry.action_type, entry.user.email) == ("pretix_hubspot.order.previewed", "boss@example.org")
    assert "Somebody looked at what HubSpot holds" in str(entry.display())


def test_what_is_sent_afterwards_is_what_was_shown(story, boss):
    story.order("A1", email="ada@example.org")
    shown = {(name, after) for name, before, after, state in cells(look(boss))}
    story.sync()
    deal = story.simulator.world({"deals": ["dealname", "amount", "dealstage", "pretix_order_key"]})
    for name, after in (("Deal Name", "CONF-A1"), ("Deal Stage", "Appointment Scheduled appointmentscheduled")):
        assert (name, after) in shown and after.split()[-1] in str(deal)


def test_unchanged_filled_and_changed_are_told_apart(story, boss):
    order = story.order("A1", email="ada@example.org")
    story.sync()
    contact = story.simulator.portal.find("contacts", "email", "ada@example.org")
    story.edit(contact, firstname="Ada", lastname="")
    order.total = 50
    order.save()
    story.simulator.requests.clear()
    rows = {row[0]: row[1:] for row in cells(look(boss))}
    assert rows["First Name"] == ("Ada", "Ada", "skipped: the field is filled already")
    assert rows["Last Name"] == ("–", "A1", "will be changed")
    assert rows["Amount"] == ("100", "50", "will be changed")
    assert rows["Deal Name"] == ("CONF-A1", "CONF-A1", "unchanged")
    assert links(look(boss)) == [("2. Deal – 1. Contact", "linked already", "linked")]
    assert writes(story.simulator) == []


def test_what_detaching_would_remove_is_shown_and_removed_by_nobody(story, boss):
    attendee = story.event.hubspot_object_mappings.all()[1]
    attendee.options = {"replaced": "detach"}
    attendee.save()
    order = story.order("A1", email="ada@example.org", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    assert [link[2] for link in links(look(boss))] == ["linked", "linked"], "nobody was replaced"
    order.positions.update(attendee_email="alan@example.org")
    before = story.world()
    story.simulator.requests.clear()
    html = look(boss)
    assert links(html) == [
        ("3. Deal – 1. Contact", "linked already", "linked"),
        ("3. Deal – 2. Contact", "–", "linked"),
        ("3. Deal – Contact grace@example.org", "linked already", "link removed"),
    ]
    grace = story.simulator.portal.find("contacts", "email", "grace@example.org")
    assert re.search(rf'<a href="http[^"]*/{grace.id}"[^>]*>grace@example.org', html)
    assert story.world() == before and writes(story.simulator) == []
    story.queue(order)
    story.sync()
    assert [link[2] for link in links(look(boss))] == ["linked", "linked"], "nothing is left to remove"


def test_a_detached_record_that_is_gone_is_named_by_its_number(story, boss):
    attendee = story.event.hubspot_object_mappings.all()[1]
    attendee.options = {"replaced": "detach"}
    attendee.save()
    order = story.order("A1", email="ada@example.org", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    grace = story.simulator.portal.find("contacts", "email", "grace@example.org")
    story.archive(grace)
    order.positions.update(attendee_email="alan@example.org")
    assert links(look(boss))[-1] == (f"3. Deal – Contact {grace.id}", "linked already", "link removed")


def test_an_association_with_a_label_is_known_as_linked(story, boss):
    buyer, _attendee, deal = story.event.hubspot_object_mappings.all()
    found = ensure_label(Catalog(story.connection), deal, buyer.pk, "Buyer")
    label = {"label": "Buyer", "type": f"{found.category}:{found.type_id}"}
    deal.association_mappings = [{"mapping": buyer.pk, **label}]
    deal.save()
    story.order("A1", email="ada@example.org")
    story.sync()
    assert links(look(boss)) == [("2. Deal – 1. Contact", "linked already", "linked")]


def test_a_constant_text_is_shown(story, boss):
    buyer = story.event.hubspot_object_mappings.first()
    buyer.property_mappings = [property_mapping("constant_text", "jobtitle", "overwrite") | {"text": "Guest"}]
    buyer.save()
    story.order("A1", email="ada@example.org")
    assert cells(look(boss))[0] == ("Job Title", "–", "Guest", "will be changed")


def test_options_dates_and_numbers_are_shown_as_the_reader_writes_them(story, boss):
    story.simulator.portal.schema.create("deals", Property("ordered", "Ordered", "datetime", "date", "dealinformation"))
    deal = story.event.hubspot_object_mappings.last()
    deal.property_mappings += [
        property_mapping("order_date", "ordered", "overwrite"),
        property_mapping("constant_text", "closedate", "overwrite") | {"text": "2027-06-30"},
        property_mapping("constant_text", "dealtype", "overwrite") | {"text": "newbusiness"},
    ]
    deal.save()
    placed = datetime(2027, 6, 1, 22, 30, tzinfo=UTC)
    story.order("A1", datetime=placed, total=Decimal("12.50"))
    boss.cookies["pretix_language"] = "de"
    User.objects.filter(email="boss@example.org").update(locale="de", timezone="Europe/Berlin")
    rows = {row[0]: row[2] for row in cells(look(boss))}
    assert rows["Amount"] == "12,5"
    assert rows["Ordered"] == "02.06.2027 00:30 2027-06-01T22:30:00Z"
    assert rows["Close Date"].startswith("30.06.2027 12:00 2027-06-30")
    assert rows["Deal Type"] == "New Business newbusiness"


def test_a_record_that_only_hubspot_knows_is_found_and_not_created(story, boss):
    story.order("A1", email="ada@example.org")
    story.sync()
    KnownRecord.objects.all().delete()
    html = look(boss)
    assert "will be created" not in html
    assert cells(html)[-1][-1] == "depends on what HubSpot holds"  # no order of the event is known to have been sent


def test_refused_values_and_left_out_orders_are_explained(story, boss):
    buyer = story.event.hubspot_object_mappings.first()
    buyer.property_mappings[0]["external_field"] = "gone"
    buyer.save()
    story.order("A1", email="ada@example.org", testmode=True, queue=False)
    html = look(boss)
    assert "this is a test mode order" in html
    assert "“gone” does not exist any more" in html


def test_a_record_that_is_refused_shows_what_it_would_have_got(story, boss):
    buyer = story.event.hubspot_object_mappings.first()
    story.add_property("contacts", "spent", "number", "number")
    story.add_rows(buyer, ("order_total", "spent", "append"))  # a number is no list
    story.simulator.record("contacts", email="ada@example.org", spent="5")
    story.order("A1", email="ada@example.org", queue=False)

    html = look(boss)

    assert "cannot be sent" in html
    assert cells(html)[:4] == [
        ("First Name", "–", "Buyer", "not sent"),
        ("Last Name", "–", "A1", "not sent"),
        ("spent", "–", "100", "not sent"),
        ("Deal Name", "–", "CONF-A1", "will be changed"),
    ]


def test_a_mapping_without_an_identifier_in_this_order_says_so(story, boss):
    order = story.order("A1", email="ada@example.org", queue=False)
    html = look(boss)
    assert "Order position -&gt; Contacts: Not sent: the identifier has no value in this order." in html
    order.invoice_address.name_parts = {}
    order.invoice_address.save()
    assert cells(look(boss))[0] == ("First Name", "–", "–", "unchanged: pretix has no value")


def test_hubspot_down_is_said(story, boss):
    story.order("A1")
    story.simulator.faults.add("unavailable", times=None)
    assert "HubSpot cannot be reached at the moment" in look(boss)


def test_records_that_cannot_be_read_are_said(story, boss):
    story.order("A1")
    story.simulator.faults.add("unavailable", path="/objects/", times=None)
    assert "HubSpot cannot be reached at the moment" in look(boss)


def test_only_what_is_in_hubspot_has_a_link(story, boss):
    order = story.order("A1", email="ada@example.org")
    address = re.compile(r'href="([^"]*/record/[^"]*)"')
    assert address.findall(look(boss)) == []

    story.sync()
    order.email = "new@example.org"
    order.save()

    [deal] = address.findall(look(boss))
    assert deal.endswith(f"/record/0-3/{story.simulator.portal.find('deals', 'dealname', 'CONF-A1').id}")


def test_an_unknown_code_is_said_and_the_newest_orders_are_offered(story, boss):
    story.order("A1")
    assert "There is no order with this code in this event." in look(boss, "NOPE")
    assert '<option value="A1">' in page_of(boss.get(PREVIEW))
    assert "Order A1" in look(boss, " conf-a1 ")


def test_it_takes_both_permissions(story):
    story.order("A1")
    for name, permission in (("settings", "event.settings.general:write"), ("orders", "event.orders:read")):
        client = browser(make_user(story.organizer, name, **{permission: True}))
        assert client.post(PREVIEW, {"code": "A1"}).status_code == 403
        assert client.get(PREVIEW).status_code == 403


def test_send_this_order_now(story, boss, django_capture_on_commit_callbacks):
    story.order("A1", email="ada@example.org", queue=False)
    assert "Send this order now" in look(boss)
    with django_capture_on_commit_callbacks(execute=True):
        response = boss.post(PREVIEW, {"code": "A1", "send": "on"})
    assert response.url.endswith("/wizard/try/?order=A1")
    assert "ada@example.org" in str(story.world())


def test_who_may_only_look_may_not_send(story):
    story.order("A1", queue=False)
    reader = {"event.settings.general:write": True, "event.orders:read": True}
    client = browser(make_user(story.organizer, "reader", **reader))
    assert "Send this order now" not in look(client)
    assert client.post(PREVIEW, {"code": "A1", "send": "on"}).status_code == 403
    assert not OrderSyncQueue.objects.exists()
