"""Every URL of the plugin × every kind of reader × GET and POST, with the exact answer.

The rows are those of the URL configuration: a page without a row here fails the suite.
"""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from pretix.base.models import Organizer, Team, User

from pretix_hubspot import urls
from pretix_hubspot.models import Run
from tests.integration.connections.conftest import EVENT_SETTINGS, ORGANIZER_SETTINGS, make_user
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures

PAGES = {pattern.name: str(pattern.pattern) for pattern in urls.urlpatterns}
LOGIN = "login"
SEES, CHANGES = {"event.orders:read": True}, {"event.orders:write": True}

#: Who never gets in, and what they are told: nobody is logged in; a token is for the API and opens no page; a stranger
#: may do everything at another organizer, a neighbour in another event; staff has to begin a session first; a guest
#: may see the event's vouchers, a viewer its orders.
OUTSIDERS = {
    "nobody": LOGIN,
    "token": LOGIN,
    "stranger": 404,
    "neighbour": 404,
    "staff": 404,
    "guest": 403,
    "viewer": 403,
}
#: A neighbour is of the organizer, and lacks the permission to change its settings.
OF_ORGANIZER = {**OUTSIDERS, "neighbour": 403}
#: Who may change the event's settings; besides, a reader sees orders, a helper changes them, a manager may change the
#: settings of the organizer, and an admin is staff with a session.
INSIDERS = ("decorator", "reader", "helper", "manager", "admin")


def only(first, answer):
    """This answer from the ``first`` of the insiders on; those before may not."""
    return (403,) * INSIDERS.index(first) + (answer,) * (len(INSIDERS) - INSIDERS.index(first))


def seers(answer):
    return only("reader", answer)


def changers(answer):
    return only("helper", answer)


def managers(answer):
    return only("manager", answer)


#: Page -> what insiders are answered to a GET, and to a POST without anything in it.
TABLE = {
    "settings": (200, 405),
    "options": (405, 302),
    "connect.ask": (405, 302),
    "connect.oauth": (managers(405), managers(302)),
    "connect.token": (managers(405), managers(302)),
    "join": (405, 404),
    "leave": (200, 302),
    "disconnect": (managers(200), managers(302)),
    "diagnosis": (200, 200),
    "log": (200, 405),
    "log.run": (seers(200), 405),
    "organizer.connections": (managers(200), managers(405)),
    "organizer.connect.oauth": (managers(405), managers(302)),
    "organizer.connect.token": (managers(405), managers(302)),
    "organizer.disconnect": (managers(200), managers(302)),
    "problems": (200, 405),
    "problems.act": (changers(405), changers(302)),
    "orders": (seers(200), seers(405)),
    "order.ignore": (changers(405), changers(302)),
    "digest": (405, 302),
    "pause": (405, 302),
    "organizer.pause": (managers(405), managers(302)),
    "mappings.save": (405, 302),
    "suggest": (405, 302),
    "catalog.refresh": (405, 302),
    "mapping.edit": (200, 200),
    "mapping.check": (200, 200),
    "mapping.values": (405, 404),
    "property.new": (405, 200),
    "resend": (200, changers(302)),
    "start": (200, 200),
    "export": (200, 405),
    "preview": (seers(200), seers(200)),
    "property.create": (405, 302),
    "mapping.refresh": (405, 302),
    "wizard": (302, 400),
    "wizard.try": (200, 200),
}
#: Where HubSpot sends people back to: no page of an event or an organizer, and nothing to see without a state.
RETURN = {"GET": 400, "POST": 405}


@pytest.fixture
def ids(story):
    """What stands in the routes."""
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
def browsers(story):
    """A browser for each kind of reader."""
    other = Organizer.objects.create(name="Other", slug="other", plugins="pretix_hubspot")
    everything = {**EVENT_SETTINGS, **SEES, **CHANGES}
    people = {
        "stranger": make_user(other, "stranger", everything, ORGANIZER_SETTINGS),
        "neighbour": of_another_event(story, everything),
        "staff": User.objects.create_user("staff@example.org", "secret", is_staff=True),
        "guest": make_user(story.organizer, "guest", {"event.vouchers:read": True}),
        "viewer": make_user(story.organizer, "viewer", SEES),
        "decorator": make_user(story.organizer, "decorator", EVENT_SETTINGS),
        "reader": make_user(story.organizer, "reader", {**EVENT_SETTINGS, **SEES}),
        "helper": make_user(story.organizer, "helper", everything),
        "manager": make_user(story.organizer, "manager", everything, ORGANIZER_SETTINGS),
    }
    token = Team.objects.get(name="manager").tokens.create(name="script").token
    strangers = {"nobody": Client(), "token": Client(headers={"authorization": f"Token {token}"})}
    return strangers | {name: logged_in(user) for name, user in people.items()} | {"admin": with_a_staff_session()}


def of_another_event(story, permissions):
    user = make_user(story.organizer, "neighbour", permissions)
    team = Team.objects.get(name="neighbour")
    team.all_events = False
    team.save()
    team.limit_events.add(story.add_event("gala"))
    return user


def with_a_staff_session():
    user = User.objects.create_user("admin@example.org", "secret", is_staff=True)
    client = logged_in(user)
    user.staffsession_set.create(date_start=now(), session_key=client.session.session_key)
    return client


def logged_in(user):
    client = Client()
    client.force_login(user)
    return client


def answers(browsers, ids, name, method):
    """Role -> the answer to a request without anything in it; what it changed is undone."""
    route = PAGES[name]
    url = reverse(f"plugins:pretix_hubspot:{name}", kwargs={k: v for k, v in ids.items() if f":{k}>" in route})
    found = {}
    for role, browser in browsers.items():
        test_s_own = transaction.atomic()
        test_s_own._from_testcase = True  # as Django marks it: it is no transaction of the page
        with test_s_own:
            response = browser.generic(method, url)
            transaction.set_rollback(True)
        to_login = response.status_code == 302 and response["Location"].startswith("/control/login")
        found[role] = LOGIN if to_login else response.status_code
    return found


def expected(name, method):
    answer = TABLE[name][("GET", "POST").index(method)]
    insiders = dict.fromkeys(INSIDERS, answer) if isinstance(answer, int) else dict(zip(INSIDERS, answer, strict=True))
    outsiders = OUTSIDERS if "<str:event>" in PAGES[name] else OF_ORGANIZER
    return outsiders | insiders


def test_every_page_has_a_row():
    assert set(TABLE) == set(PAGES) - {"oauth.return"}


@pytest.mark.parametrize("name", sorted(set(PAGES) - {"oauth.return"}))
def test_who_is_answered_what(browsers, ids, name):
    for method in ("GET", "POST"):
        assert answers(browsers, ids, name, method) == expected(name, method), method


def test_the_return_from_hubspot_is_for_whoever_is_logged_in(browsers, ids):
    for method, answer in RETURN.items():
        found = answers(browsers, ids, "oauth.return", method)
        assert found == dict.fromkeys(browsers, answer) | {"nobody": LOGIN, "token": LOGIN}
