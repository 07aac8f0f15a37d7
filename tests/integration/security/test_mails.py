"""What others say is text in mails too: a link is only made from our own configuration, and mails go to few people."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils.timezone import now
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.templatetags.rich_text import markdown_compile_email

from pretix_hubspot.health import digest
from pretix_hubspot.health.plain_text import as_words
from pretix_hubspot.models import EventConnection, OrderState
from tests.integration.connections.conftest import EVENT_SETTINGS, make_user
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures

HOSTILE = [
    "[Renew your access](https://evil.example/login) is not an acceptable value",
    "![Renew your access](https://evil.example/pixel.png)",
    "Renew your access: https://evil.example/login",
    "Renew your access at evil.com or www.evil.com/login, HTTPS://EVIL.COM",
    "Renew your access, mail to boss@evil.com or mailto:boss@evil.com",
    "<a href='https://evil.example'>Renew your access</a>",
    "<https://evil.example> Renew your access <img src=https://evil.example/x>",
    "Renew your access\n\n# Now\n\n1. [x][1]\n\n[1]: https://evil.example",
    "Renew your access https&#58;//evil&#46;com &lt;a href=https://evil.com&gt;",
    "\\[Renew your access](https://evil.com) \\\\[x](//evil.com) **bold** `code` _em_ ~~gone~~",
    "Renew your access //evil.com ftp://evil.com tel:+49123 javascript:alert(1)",
    "Renew your access [x](javascript:alert(1)) | a | b |\n|---|---|\n| c | d |",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_makes_nothing_of_the_text_of_others(text):
    html = markdown_compile_email(f"- 3 × Permanent error: {as_words(text)}")

    tags = set(re.findall(r"</?([a-z0-9]+)", html))
    assert tags <= {"p", "ul", "li", "br"}
    assert "Renew your access" in html


@pytest.mark.parametrize("text", HOSTILE)
def test_people_read_the_same_words(text):
    assert as_words(text).replace("\u2060", "").replace("\\", "") == " ".join(text.split()).replace("\\", "")


def test_marks_that_turn_the_direction_of_a_line_are_gone():
    assert as_words("pay \u202egpj.exe\u202c \x1b[31mnow\x07") == "pay gpj\u2060.\u2060exe \u2060[\u206031mnow"


@pytest.fixture
def refused(story):
    """Orders that HubSpot refused by sentences that hold links, for example by quoting what a buyer typed."""

    def refuse(sentence, code="A1"):
        order = story.order(code)
        problem = {"mode": "permanent", "code": "invalid_input", "object_type": "contacts", "message": sentence}
        facts = {"problem": [problem], "cause": "c1", "failing_since": now(), "attempts": 1}
        OrderState.objects.create(order=order, portal_id=story.connection.portal_id, **facts)
        OrderSyncQueue.objects.filter(order=order).update(need_manual_retry="permanent", in_flight=False)
        return story

    return refuse


@pytest.mark.parametrize("sentence", HOSTILE[:6])
def test_a_sentence_of_hubspot_makes_no_link(refused, sentence):
    story = refused(sentence)
    story.event.name = "[Win](https://evil.example) evil.com"
    story.event.save()
    joined = story.joined
    joined.event = story.event
    joined.digest, joined.digest_to = EventConnection.Digest.DAILY, "boss@example.org"
    joined.save()

    digest._send(joined)

    message = mail.outbox[-1]
    assert "Renew your access" in str(message.message())
    body = str(message.message())
    assert not re.search(r'href=(?:3D)?"[^"]*evil', body)
    assert "/hubspot/problems/" in body


def test_there_is_a_limit_to_the_addresses(story):
    """Core takes 25 for its scheduled exports. Each costs 16 ms in the one task that serves all organizers."""
    client = Client()
    client.force_login(make_user(story.organizer, "helper", EVENT_SETTINGS))
    address = "/control/event/ada/conf/hubspot/digest/"

    def post(number):
        many = "\n".join(f"a{n}@example.org" for n in range(number))
        client.post(address, {"digest": "daily", "digest_to": many})
        return len(EventConnection.objects.get().digest_to.split())

    assert (post(25), post(26), post(5_000)) == (25, 25, 25)


def test_addresses_that_were_stored_before_there_was_a_limit(story):
    story.joined.digest_to = "\n".join(f"a{n}@example.org" for n in range(5_000))

    assert len(digest.addresses(story.joined)) == 25
