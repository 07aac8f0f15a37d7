"""Every page of the plugin, found in its URLs: ids of others, CSRF, an inactive plugin.

Who is answered what stands in ``security/test_every_url.py``.
"""

from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from pretix.base.models import Order, Organizer
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot import urls
from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.hubspot.data import PropertyDefinition
from pretix_hubspot.mappings import revisions
from pretix_hubspot.models import CatalogEntry, Connection, KnownRecord, RequestBudgetState, Run
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.links import portal_url, record_base, trusted
from pretix_hubspot.sync.joining import join
from pretix_hubspot.sync.plan.plan import Plan, WantedRecord
from pretix_hubspot.sync.run.memory import Memory
from pretix_hubspot.sync.send.outcome import SentRecord
from tests.integration.connections.conftest import EVENT_SETTINGS, ORGANIZER_SETTINGS, make_event, make_user

PAGES = {pattern.name: str(pattern.pattern) for pattern in urls.urlpatterns}
EVENT_PAGES = sorted(name for name, route in PAGES.items() if "<str:event>" in route)
ORGANIZER_PAGES = sorted(
    name for name, route in PAGES.items() if "<str:event>" not in route and "<str:organizer>" in route
)
#: Pages of nobody's event or organizer.
ELSEWHERE = {"oauth.return"}
NO, MISSING = 403, 404


@pytest.fixture
def ids(story):
    """What stands in the routes, all of it our own."""
    return {
        "organizer": story.organizer.slug,
        "event": story.event.slug,
        "connection": story.connection.pk,
        "mapping": story.event.hubspot_object_mappings.first().pk,
        "run": Run.objects.create(event=story.event, started=now()).pk,
        "code": story.order("A1").code,
        "action": "retry",
        "state": "failing",
    }


@pytest.fixture
def foreign(story):
    """The same things of somebody else, in the same portal."""
    other = Organizer.objects.create(name="Other", slug="other", plugins="pretix_hubspot")
    event = make_event(other, "expo")
    connection = connect_token(other, story.simulator.service_key, None)
    join(event, connection, None)
    return {"organizer": other, "connection": connection.pk, **belongings(story, event, other)}


@pytest.fixture
def neighbour(story):
    """The same things in another event of the same organizer."""
    event = story.add_event("gala")
    join(event, story.connection, None)
    return belongings(story, event, story.organizer)


def belongings(story, event, organizer):
    mapping = story.add_mapping(event, "Order", "contacts", ("email", "email"), ())
    run = Run.objects.create(event=event, started=now())
    order = Order.objects.create(
        code="ZZZZZ",
        event=event,
        email="z@example.org",
        status=Order.STATUS_PENDING,
        datetime=now(),
        expires=now(),
        total=0,
        sales_channel=organizer.sales_channels.get(identifier="web"),
    )
    return {"mapping": mapping.pk, "run": run.pk, "code": order.code}


@pytest.fixture
def browsers(story, foreign, manager):
    orders = {"event.orders:read": True, "event.orders:write": True}
    people = {
        "stranger": make_user(foreign["organizer"], "stranger", {**EVENT_SETTINGS, **orders}, ORGANIZER_SETTINGS),
        "viewer": make_user(story.organizer, "viewer", {"event.orders:read": True}),
        "helper": make_user(story.organizer, "helper", {**EVENT_SETTINGS, **orders}),
        "manager": manager,
        "owner": make_user(story.organizer, "owner", {**EVENT_SETTINGS, **orders}, ORGANIZER_SETTINGS),
    }
    return {"nobody": Client()} | {name: logged_in(user) for name, user in people.items()}


def logged_in(user, **options):
    client = Client(**options)
    client.force_login(user)
    return client


def address(name, ids):
    route = PAGES[name]
    return reverse(f"plugins:pretix_hubspot:{name}", kwargs={k: v for k, v in ids.items() if f":{k}>" in route})


def test_every_url_is_of_an_event_an_organizer_or_known():
    assert set(PAGES) == {*EVENT_PAGES, *ORGANIZER_PAGES, *ELSEWHERE}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("whose", ["foreign", "neighbour"])
def test_ids_of_others_are_not_found(browsers, ids, request, method, whose):
    others, asked, wrong = request.getfixturevalue(whose), set(), {}
    before = contents()
    for name in EVENT_PAGES + ORGANIZER_PAGES:
        for kind in ("connection", "mapping", "run", "code"):
            if f":{kind}>" in PAGES[name] and kind in others:
                response = browsers["owner"].generic(method, address(name, {**ids, kind: others[kind]}))
                asked.add(kind)
                if response.status_code not in (MISSING, 405):
                    wrong[name] = response.status_code
    assert wrong == {}
    assert asked == set(others) - {"organizer"}
    assert contents() == before


def contents():
    """All that the plugin remembers, and core about our transfers.

    What was read from HubSpot may be read again.
    """
    read = {CatalogEntry, RequestBudgetState}
    models = [model for model in apps.get_app_config("pretix_hubspot").get_models() if model not in read]
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in (*models, OrderSyncQueue)}


def test_nothing_changes_on_a_get(browsers, ids, story):
    """Whatever the address says, a page only looks; who wants to change something has to post.

    The look through the orders that an upgrade asks for is over: after it, *Send orders again* looks before it answers.
    """
    story.sync()
    revisions.review(story.joined)
    client, before = browsers["owner"], contents()
    for name in EVENT_PAGES + ORGANIZER_PAGES:
        assert client.get(address(name, ids), ACTION).status_code in (200, 302, 405), name
    assert contents() == before


#: What a link in somebody's mail would say to have something done.
ACTION = {"pause": "on", "confirmed": "on", "token": "pat-eu1-x", "digest": "daily", "digest_to": "x@example.org"}
EVIL = "https://evil.example"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_is_sent_to_an_address_from_a_request(browsers, ids, method):
    wanted = dict.fromkeys(("next", "url", "back", "return", "redirect", "redirect_uri", "return_to"), EVIL)
    client, sent = browsers["manager"], {}
    for name in EVENT_PAGES + ORGANIZER_PAGES:
        with undone():
            response = client.generic(
                method,
                f"{address(name, ids)}?{urlencode(wanted)}",
                urlencode(wanted),
                content_type="application/x-www-form-urlencoded",
                HTTP_REFERER=EVIL,
            )
        if response.status_code in (301, 302, 303, 307, 308):
            sent[name] = response["Location"]
    assert sent, "the wizard begins with a step"
    assert {name: to for name, to in sent.items() if not to.startswith("/control/") or "evil" in to} == {}


@contextmanager
def undone():
    """What one page does must not keep the next one from answering."""
    block = transaction.atomic()
    block._from_testcase = True  # as Django marks it: it is no transaction of the page
    with block:
        yield
        transaction.set_rollback(True)


def test_state_changes_need_a_csrf_token(manager, ids):
    strict = logged_in(manager, enforce_csrf_checks=True)
    found = {name: strict.post(address(name, ids)).status_code for name in EVENT_PAGES + ORGANIZER_PAGES}
    assert {name: status for name, status in found.items() if status != NO} == {}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_where_the_plugin_is_not_active_there_is_nothing(client, story, ids, method):
    story.organizer.plugins = story.event.plugins = ""
    story.organizer.save()
    story.event.save()
    Connection.objects.update(status="disconnected")  # with access to give back, see security/test_disconnected.py
    found = {name: client.generic(method, address(name, ids)).status_code for name in EVENT_PAGES + ORGANIZER_PAGES}
    assert {name: status for name, status in found.items() if status != MISSING} == {}


# Links that HubSpot returns


@pytest.mark.parametrize(
    "domain",
    [
        "evil.example.org",
        "app.hubspot.com.evil.example.org",
        "app-eu1.hubspot.com/x?",
        "app.hubspot.com@evil.example.org",
    ]
    + ["javascript:alert(1)", "app-eu1.hubspot.com:8080", "APP.HUBSPOT.COM ", "", None],
)
def test_links_lead_to_hubspot_whatever_it_answers(story, monkeypatch, domain):
    monkeypatch.delenv("PRETIX_HUBSPOT_APP_URL")
    story.connection.account["ui_domain"] = domain
    url = record_base(story.connection, "0-1", server_config())
    assert url == f"https://app.hubspot.com/contacts/{story.connection.portal_id}/record/0-1/"


def test_the_region_of_a_portal_is_hubspots(story, monkeypatch):
    monkeypatch.delenv("PRETIX_HUBSPOT_APP_URL")
    story.connection.account["ui_domain"] = "app-eu1.hubspot.com"
    assert portal_url(story.connection, server_config()).startswith("https://app-eu1.hubspot.com/contacts/")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://app.hubspot.com/contacts/1/record/0-1/2", True),
        ("https://app-eu1.hubspot.com/contacts/1/record/0-1/2", True),
        ("http://app.hubspot.com/contacts/1/record/0-1/2", False),
        ("https://app.hubspot.com.evil.example.org/", False),
        ("https://app.hubspot.com@evil.example.org/", False),
        ("https://app.hubspot.com:8080/", False),
        ("javascript:alert(1)", False),
        ("//app.hubspot.com/", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_a_link_that_hubspot_returns_is_kept_only_if_it_leads_to_hubspot(story, url, kept):
    ref = ("contacts", "key")
    email = PropertyDefinition("email", "Email", "string", "text")
    plan = Plan(1, records={ref: WantedRecord(*ref, email, "ada@example.org", own_key=False)})
    memory = Memory(plan, frozenset())
    memory.lease([ref])

    memory.store({ref: SentRecord("2", "created", url)})

    assert KnownRecord.objects.get(key="key").url == (url if kept else "")


def test_a_link_into_the_configured_portal_is_kept(story):
    url = f"{server_config().app_url}/contacts/1/record/0-1/2"
    assert trusted(url, server_config()) == url
