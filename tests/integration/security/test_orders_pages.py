"""Orders are for people who may see orders, and decided upon by those who may change them, as in the rest of pretix."""

import pytest
from django.test import Client
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.health.causes import causes
from pretix_hubspot.models import OrderState
from tests.integration.connections.conftest import EVENT_SETTINGS, ORGANIZER_SETTINGS, make_user
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures

BASE = "/control/event/ada/conf/hubspot/"
SEES = {"event.orders:read": True}
CHANGES = {"event.orders:write": True}
CODES = ("A1", "A2", "A3")


def browser(story, name, permissions, organizer_permissions=None):
    client = Client()
    client.force_login(make_user(story.organizer, name, {**EVENT_SETTINGS, **permissions}, organizer_permissions))
    return client


@pytest.fixture
def decorator(story):
    """May change the settings of event and organizer; neither sees nor changes orders."""
    return browser(story, "decorator", {}, ORGANIZER_SETTINGS)


@pytest.fixture
def reader(story):
    """Sees orders, and may change the settings."""
    return browser(story, "reader", SEES)


@pytest.fixture
def orders(story):
    """One in sync, one failing, one waiting."""
    story.order("A1")
    story.order("A2", email="nowhere")
    story.sync()
    story.order("A3")
    return story


def named(client, url):
    html = client.get(url, follow=True).content.decode()
    return [code for code in CODES if f">{code}<" in html or f"orders/{code}/" in html or f'"{code}"' in html]


def test_core_shows_this_person_no_orders(decorator, orders):
    assert decorator.get("/control/event/ada/conf/orders/").status_code == 403
    assert decorator.get("/control/event/ada/conf/orders/A1/").status_code == 403


@pytest.mark.parametrize(
    ("state", "code"),
    [("in_sync", "A1"), ("failing", "A2"), ("waiting", "A3"), ("excluded", None), ("not_in_scope", None)],
)
def test_the_list_of_orders_takes_the_permission_to_see_orders(decorator, reader, orders, state, code):
    url = f"{BASE}orders/{state}/"

    assert decorator.get(url).status_code == 403
    assert named(reader, url) == [code] * bool(code)


@pytest.mark.parametrize(
    "page",
    [
        BASE,
        f"{BASE}problems/",
        f"{BASE}log/",
        f"{BASE}log/?order=A1",
        f"{BASE}check/",
        f"{BASE}preview/",
        f"{BASE}resend/",
        f"{BASE}wizard/try/",
        f"{BASE}wizard/try/?order=A1",
        "/control/organizer/ada/hubspot/",
    ],
)
def test_no_other_page_names_an_order(decorator, orders, page):
    assert named(decorator, page) == []


def test_numbers_are_for_everybody_and_lead_to_orders_only_for_those_who_see_them(decorator, reader, orders):
    of_decorator, of_reader = (client.get(BASE).content.decode() for client in (decorator, reader))

    assert "In sync" in of_decorator and "In sync" in of_reader
    assert f"{BASE}orders/" not in of_decorator
    assert f"{BASE}orders/in_sync/" in of_reader
    assert "Oldest waiting order" not in of_decorator
    assert "Oldest waiting order" in of_reader


@pytest.mark.parametrize("permissions", [{}, SEES])
def test_leaving_an_order_out_takes_the_permission_to_change_orders(story, orders, permissions):
    client = browser(story, "somebody", permissions)

    assert client.post(f"{BASE}order/A2/ignore/").status_code == 403

    assert OrderState.objects.get(order__code="A2").excluded_reason == ""
    assert OrderSyncQueue.objects.get(order__code="A2").need_manual_retry == "permanent"


@pytest.mark.parametrize("action", ["retry", "dismiss"])
@pytest.mark.parametrize("permissions", [{}, SEES])
def test_so_does_deciding_about_all_orders_of_a_cause(story, orders, permissions, action):
    [cause] = causes(story.event)
    client = browser(story, "somebody", permissions)

    response = client.post(f"{BASE}problems/{action}/", {"cause": cause.key, "confirmed": "on"})

    assert response.status_code == 403
    assert OrderSyncQueue.objects.get(order__code="A2").need_manual_retry == "permanent"


@pytest.mark.parametrize(("permissions", "offered"), [({}, False), (SEES, False), ({**SEES, **CHANGES}, True)])
def test_what_a_person_may_not_do_is_not_offered(story, orders, permissions, offered):
    client = browser(story, "somebody", permissions)

    problems = client.get(f"{BASE}problems/").content.decode()
    listed = client.get(f"{BASE}orders/failing/").content.decode()

    assert ("/problems/dismiss/" in problems, "/order/A2/ignore/" in listed) == (offered, offered)
