"""Addresses with anything behind the question mark: a page with words, a redirect or a refusal; no mapping is changed,
no secret told.
"""

import logging
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pretix_hubspot.models import Run
from tests.integration.security.test_every_url import TABLE, expected
from tests.integration.security.test_odd_forms import MARKUP, ODD, OF_PAGE, WORLDS, Form, stage  # noqa: F401
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures
from tests.memory import traced
from tests.soak import amount

#: Pages that can be looked at.
PAGES = sorted(page for page in TABLE if expected(page, "GET")["admin"] != 405)
#: Letters of a value: web servers refuse longer addresses.
MOST = 1_000
#: What one page or another looks for.
NAMES = st.one_of(
    st.sampled_from(["order", "reason", "refused", "fix", "code", "state", "error", "page", "page_size", "ordering"]),
    st.sampled_from(["pretix_field", "external_field", "overwrite", "value_map", "text", "choices", "next", "lang"]),
    st.text(max_size=10),
)
VALUES = ODD.map(lambda text: text[:MOST])


@settings(
    max_examples=amount(40, 2_000),  # each takes as long as the page does
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    page=st.sampled_from([*PAGES, "oauth.return"]),
    pairs=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    rest=VALUES,
    encoding=st.sampled_from(["utf-8", "utf-7"]),
    world=WORLDS,
)
def test_any_query(urls, stage, caplog, page, pairs, rest, encoding, world):
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    query = "&".join("=".join(quoted(text, encoding) for text in pair) for pair in pairs)

    with stage.undone(world) as client:
        with traced() as used:
            address = f"{urls[page]}?{query}&{rest.encode('ascii', 'ignore').decode()}"
            response = client.generic("GET", address, content_type=f"text/plain; charset={encoding}")
        text = response.content.decode()
        unchanged = stage.stored() == stage.before

    assert response.status_code in (200, 302) or 400 <= response.status_code < 500
    assert used.peak < OF_PAGE
    assert MARKUP not in text or "html" not in response["Content-Type"]
    assert not any(secret in text + caplog.text for secret in stage.secrets)
    assert unchanged


@pytest.fixture
def urls(stage):
    """The address of each page, all of which somebody has seen: nobody pays for what is loaded then."""
    route = {"state": "in_sync", "run": Run.objects.first().pk}
    found = {page: stage.url(Form(page, route=route)) for page in [*PAGES, "oauth.return"]}
    with stage.undone("well") as client:
        for url in found.values():
            client.get(url, follow=True)
    return found


def quoted(text, encoding):
    return quote_from_bytes(text.encode(encoding, "surrogatepass"))
