"""Forms with anything in them: a page with words, a redirect or a refusal; nothing half stored, no secret told.

Every page that takes a POST has a form here as a person fills it in, most of them as the page draws it; hypothesis
changes, repeats, renames and removes what is in it, and how it is sent.
"""

import copy
import json
import logging
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import quote_from_bytes

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pretix.base.models import Question, Team, User

from hubspot_simulator import Option
from pretix_hubspot import urls
from pretix_hubspot.health.causes import causes
from pretix_hubspot.mappings import limits, mapping_file
from pretix_hubspot.mappings.reading import holds_odd_text
from pretix_hubspot.mappings.stored import COLUMNS, StoredMapping
from pretix_hubspot.server.config import server_config
from pretix_hubspot.sources.registry import SOURCES
from tests.integration.security.drawn import drawn
from tests.integration.security.test_every_url import TABLE, expected
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures
from tests.memory import traced
from tests.soak import amount

#: Bytes for a page with all that is loaded by the first one who opens it, for each byte that was sent, and for each
#: escape, which Django reads before the page does.
OF_PAGE, OF_BYTE, OF_ESCAPE = 15_000_000, 10, 250
#: A key that nobody has; it is told no more than one that works.
PASTED = "pat-eu1-0a1b2c3d-5e6f-never-tell-anybody"
MARKUP = "<i data-odd>"

ROUTES = {pattern.name: pattern for pattern in urls.urlpatterns}
#: The event with mappings, and one that has none yet.
MAPPED, NEW = "conf", "other"


class Form(NamedTuple):
    """What is posted to a page. ``fields`` stand beside those that the page ``drawn`` has in its form; a value with an
    @ is an id of the stage. ``before`` is posted first."""

    page: str
    fields: dict = {}
    drawn: str = ""
    event: str = MAPPED
    route: dict = {}
    before: dict = {}


EMPTY = dict.fromkeys(("value_map", "text", "choices", "empty"), "")
CHOSEN = {"pretix_field": "question_SIZE", "external_field": "size", "overwrite": "overwrite"}
FORMS = (
    Form("options", drawn="settings"),
    Form("connect.ask"),
    Form("connect.oauth"),
    Form("connect.token", {"token": PASTED}),
    Form("connect.token", {"token": PASTED}, event=NEW),
    Form("join", {"connection": "@connection"}, event=NEW),
    Form("leave"),
    Form("disconnect"),
    Form("diagnosis"),
    Form("organizer.connect.oauth", {"connection": "@connection"}),
    Form("organizer.connect.token", {"connection": "@connection", "token": PASTED}),
    Form("organizer.disconnect"),
    Form("problems.act", {"cause": "@cause", "confirmed": "on"}),
    Form("problems.act", {"cause": "@cause"}, route={"action": "dismiss"}),
    Form("order.ignore"),
    Form("digest", drawn="problems"),
    Form("digest", {"digest": "daily", "digest_to": "a@example.org\nb@example.org"}),
    Form("pause", {"pause": "on"}),
    Form("organizer.pause", {"pause": "on"}),
    Form("mappings.save", {"confirmed": "on"}, drawn="settings"),
    Form("mappings.save", {"mappings-0-DELETE": "on"}, drawn="settings"),
    Form("suggest", {"wanted": "buyers"}, event=NEW),
    Form("catalog.refresh"),
    *(Form("mapping.edit", drawn="mapping.edit", route={"mapping": name}) for name in ("buyer", "attendee", "deal")),
    Form("mapping.check", {**CHOSEN, **EMPTY}),
    Form("mapping.values", {**CHOSEN, "value_map": '{"s": "S"}', "create": "m", "fix": ""}),
    Form(
        "property.new",
        {**CHOSEN, "create": "", "new-label": "Size", "new-name": "size_2", "new-unique": "on", "identifier": ""},
    ),
    Form("resend", {"start": ""}),
    Form("resend", {"cancel": ""}),
    Form("start", {"how": "point", "point": "conference"}, event=NEW),
    Form("start", {"how": "copy", "event": "@event"}, event=NEW),
    Form("start", {"how": "file"}, event=NEW),
    Form("preview", {"code": "@code"}),
    Form("preview", {"code": "@code", "send": ""}),
    Form("property.create", route={"mapping": "deal"}),
    Form("mapping.refresh"),
    Form("wizard", {"wizard-current_step": "choose", "choose-wanted": "buyers"}, event=NEW),
    Form(
        "wizard",
        {"wizard-current_step": "review", "wizard_goto_step": ""},
        event=NEW,
        before={"wizard-current_step": "choose", "choose-wanted": "buyers"},
    ),
    Form("wizard.try", {"order": "@code"}),
)

ODD = st.one_of(
    st.sampled_from(
        ["", "\0", "\ud800", "x\udfff", "\u202eabc", "²", "٣", "-1", "0", "1", "1e9", "NaN", "9" * 30, "1" * 5_000]
        + [str(2**63), "on", "true", "null", "[]", '{"s": "S", "\\u0000": "\\ud800"}', "[" * 50_000, '{"a":' * 20_000]
        + [MARKUP, "{{ 7*7 }}{% debug %}", "%s {0.__class__} {", "' OR 1=1 --", "../..", "a\r\nSet-Cookie: b=c"]
        + ["x" * 300, "x" * 1_000_000, "\n".join(f"p{n}@example.org" for n in range(5_000)), "javascript:alert(1)"]
    ),
    st.text(max_size=30),
)
KEYS = st.one_of(
    ODD,
    st.sampled_from(
        ["csrf", "confirmed", "identifier-revision", "properties-TOTAL_FORMS", "properties-MAX_NUM_FORMS", "new-name"]
        + ["mappings-TOTAL_FORMS", "mappings-INITIAL_FORMS", "mappings-0-id", "mappings-999-id", "properties-1-ORDER"]
        + ["options-products", "pipeline-stage_p", "associations-associations", "create", "wizard_goto_step", "how"]
    ),
)
#: How a form is sent: as browsers do, as multipart in encodings that only programs choose, as no form, or cut off.
WAYS = st.sampled_from(
    ["application/x-www-form-urlencoded"] * 6
    + ["utf-8"] * 3
    + ["utf-16", "utf-7", "unicode_escape", "raw_unicode_escape", "application/json", "text/plain", "cut"]
)

#: Mostly all is well; or HubSpot is down and nothing of its schema stored, or a mapping's object type is one that a
#: version before this one did not look at.
WORLDS = st.sampled_from(["well"] * 6 + ["down", "..", "", "contacts?x"])


@st.composite
def changes(draw):
    """A function of the pairs of a form."""
    kind = draw(st.sampled_from(["value"] * 3 + ["longer", "without", "again", "name", "more", "many", "swap"]))
    place, other, odd, key = draw(st.integers(0, 500)), draw(st.integers(0, 500)), draw(ODD), draw(KEYS)

    def change(pairs):
        if kind == "many":
            return [*pairs, *[(key[:50], odd[:50])] * 3_000]
        if kind == "more" or not pairs:
            return [*pairs, (key, odd)]
        found, at = list(pairs), place % len(pairs)
        name, value = found[at]
        found[at : at + 1] = {
            "value": [(name, odd)],
            "longer": [(name, value + odd)],
            "without": [],
            "again": [(name, value), (name, odd)],
            "name": [(key, value)],
            "swap": [(name, found[other % len(pairs)][1])],
        }[kind]
        return found

    return change


def test_every_page_that_takes_a_post_has_a_form():
    assert {form.page for form in FORMS} == {page for page in TABLE if expected(page, "POST")["admin"] != 405}


@settings(
    max_examples=amount(40, 2_000),  # each takes as long as the pages do
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(form=st.sampled_from(FORMS), changes=st.lists(changes(), max_size=4), way=WAYS, world=WORLDS)
def test_any_form(stage, caplog, form, changes, way, world):
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    pairs = stage.filled_in(form)
    for change in changes:
        pairs = change(pairs)
    body, content_type = sent(pairs, stage.file if "file" in form.fields.values() else None, way)

    with stage.undone(world) as client:
        if form.before:
            client.post(stage.url(form), form.before)
        with traced() as used:
            response = client.generic("POST", stage.url(form), body, content_type)
        pages = [response, *stage.followed(client, response)]
        stage.judge_mappings(client)

    assert response.status_code in (200, 302) or 400 <= response.status_code < 500
    assert [page.status_code for page in pages[1:]] in ([], [200])
    assert used.peak < OF_PAGE + OF_BYTE * len(body) + OF_ESCAPE * body.count(b"%")
    for page in pages:
        text = page.content.decode()
        assert text or page.status_code in (302, 400, 405)
        assert MARKUP not in text or "html" not in page["Content-Type"]
        assert not any(secret in text for secret in stage.secrets)
    assert not any(secret in caplog.text for secret in stage.secrets)


#: A part of a form, by its name and its content.
PART = b"--X\r\nContent-Disposition: form-data; name=%b\r\n\r\n%b\r\n"


def sent(pairs, file, way):
    """The form as bytes, with their content type."""
    if way == "application/json":
        return json.dumps(pairs).encode(), way
    if "/" in way and not file:
        body = "&".join("=".join(quote_from_bytes(text.encode("utf-8", "surrogatepass")) for text in p) for p in pairs)
        return body.encode(), way
    encoding = "utf-8" if way == "cut" or "/" in way else way
    parts = [PART % (b'"%b"' % in_header(name, encoding), in_(value, encoding)) for name, value in pairs]
    if file:
        parts.append(PART % (b'"file"; filename="a.json"', file))
    body = b"".join(parts)
    body = body[: len(body) * 2 // 3] if way == "cut" else body + b"--X--\r\n"
    return body, f"multipart/form-data; boundary=X; charset={encoding}"


def in_(text, encoding):
    return text.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "strict")


def in_header(text, encoding):
    return in_(text, encoding).replace(b"\r", b"%0D").replace(b"\n", b"%0A").replace(b'"', b"%22")


class Stage:
    """An event with everything that a form can be about, one that is new, and somebody who may change both."""

    def __init__(self, story, app):
        self.story = story
        buyer, attendee, deal = story.event.hubspot_object_mappings.order_by("position")
        other = story.add_event(NEW)
        story.join(other)
        self.ask_for_size()
        story.add_rows(buyer, ("question_SIZE", "size", "overwrite"), ("constant_text", "city", "if_new"))
        buyer.property_mappings[-1]["text"] = "Berlin"
        buyer.property_mappings[-2]["value_map"] = json.dumps({"s": "S", "m": "M"})
        buyer.options = {"filters": {"answers": [["SIZE", "s"]], "paid": True}, "labels": True}
        buyer.save()
        self.file = json.dumps(mapping_file.dump(story.event)).encode()
        story.add_rows(attendee, ("event_order_code", "lifecyclestage", "overwrite"))  # no stage is called like that
        order = story.order("A1", attendees=[("a@example.org", "Ada", "Lovelace")])
        story.sync()
        user = User.objects.create_user("all@example.org", "secret")
        Team.objects.create(
            organizer=story.organizer, all_events=True, all_event_permissions=True, all_organizer_permissions=True
        ).members.add(user)
        self.client = Client()
        self.client.force_login(user)
        self.ids = {"buyer": buyer.pk, "attendee": attendee.pk, "deal": deal.pk, "connection": story.connection.pk}
        self.ids |= {"code": order.code, "event": story.event.pk, "cause": self.cause()}
        self.client.get(self.url(FORMS[0], "settings"))  # nobody pays for what is imported then
        self.drawn = {}
        self.secrets = [PASTED, story.simulator.service_key, app.client_secret]

    def ask_for_size(self):
        question = self.story.event.questions.create(question="Size?", identifier="SIZE", type=Question.TYPE_CHOICE)
        question.items.add(self.story.event.ticket)
        for value in ("s", "m", MARKUP):
            question.options.create(identifier=value, answer=value.upper())
        options = [Option("S", "S"), Option("M", "M")]
        self.story.add_property("contacts", "size", "enumeration", "select", options=options)

    def cause(self):
        (cause,) = causes(self.story.event)
        return cause.key

    def url(self, form, page=None):
        name = page or form.page
        place = {"organizer": self.story.organizer.slug, "event": form.event, "action": "retry", "mapping": "buyer"}
        place |= {**self.ids, "event": form.event, **form.route}
        place["mapping"] = self.ids[place["mapping"]]
        wanted = ROUTES[name].pattern.converters
        return reverse(f"plugins:pretix_hubspot:{name}", kwargs={key: place[key] for key in wanted})

    def filled_in(self, form):
        """The pairs of a form as a person would send it."""
        own = [(n, str(self.ids[value[1:]]) if value[:1] == "@" else value) for n, value in form.fields.items()]
        if not form.drawn:
            return own
        page, action = self.url(form, form.drawn), self.url(form)
        if (page, action) not in self.drawn:
            self.drawn[page, action] = drawn(self.client.get(page).content, page, action)
        return [*self.drawn[page, action], *own]

    @contextmanager
    def undone(self, world):
        """A browser in this world, whose doings are undone."""
        client = copy.copy(self.client)
        client.cookies = copy.deepcopy(self.client.cookies)
        test_s_own = transaction.atomic()
        test_s_own._from_testcase = True  # as Django marks it: it is no transaction of the page
        with test_s_own, self.faults(world):
            if world == "down":
                self.story.connection.catalog_entries.all().delete()
            elif world != "well":
                self.story.event.hubspot_object_mappings.update(external_object_type=world)
            self.before = self.stored()
            yield client
            transaction.set_rollback(True)

    @contextmanager
    def faults(self, world):
        if world == "down":
            self.story.simulator.faults.add("unavailable", times=None)
        yield
        self.story.simulator.faults.clear()

    def followed(self, client, response):
        """The page that a redirect leads to, unless it is HubSpot's."""
        to = response.get("Location", "")
        if not to or to.startswith(server_config().app_url):
            return []
        assert to.startswith("/control/")
        return [client.get(to, follow=True)]

    def stored(self):
        return {
            event.slug: list(event.hubspot_object_mappings.order_by("position", "pk").values())
            for event in self.story.organizer.events.all()
        }

    def judge_mappings(self, client):
        """What a form stored can be read, exported, and opened again."""
        now = self.stored()
        for event in self.story.organizer.events.all():
            if now[event.slug] == self.before[event.slug]:
                continue
            before = dict(in_words(self.before[event.slug]))
            for pk, problems in in_words(now[event.slug]):
                assert problems <= before.get(pk, set())
            found = [StoredMapping.from_json(columns_of(row)) for row in now[event.slug]]
            assert not list(limits.problems(found))
            base = f"/control/event/{self.story.organizer.slug}/{event.slug}/hubspot/"
            pages = [base, base + "export/", *(f"{base}mapping/{row['id']}/" for row in now[event.slug])]
            assert [client.get(page).status_code for page in pages] == [200] * len(pages)


def columns_of(row):
    return {name: row[name] for name in COLUMNS if row[name] is not None}


def in_words(rows):
    """Each mapping's id, and what is wrong with what is stored of it."""
    for place, row in enumerate(rows):
        columns = columns_of(row)
        problems = set(StoredMapping.problems(columns, SOURCES, [earlier["id"] for earlier in rows[:place]]))
        yield row["id"], problems | ({"odd text"} if holds_odd_text(columns) else set())


@pytest.fixture
def stage(story, monkeypatch):
    app = next(iter(story.simulator.auth.apps.values()))
    monkeypatch.setenv("PRETIX_HUBSPOT_CLIENT_ID", app.client_id)
    monkeypatch.setenv("PRETIX_HUBSPOT_CLIENT_SECRET", app.client_secret)
    return Stage(story, app)
