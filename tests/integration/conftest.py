"""What holds in every test of this folder: nobody asks HubSpot while something is locked."""

import pytest
from django.db import connection

from tests.interruptions import Requests


def open_blocks():
    """Transactions of this thread that are not the test's own."""
    return [block for block in connection.atomic_blocks if not block._from_testcase]


@pytest.fixture
def before_request():
    """``before_request(operation, act)``: something happens before a worker's request, in its thread."""
    requests = Requests()
    yield requests
    assert requests.missed() == []


@pytest.fixture(autouse=True)
def no_requests_inside_transactions(monkeypatch, request):
    """A request may take a minute, and a lock as long: others would wait for HubSpot without knowing it.

    Tokens alone are refreshed under the lock of their row (``tokens._from_locked_row``): whoever waits there needs
    just that answer, and HubSpot is asked once.
    """
    from pretix_hubspot.hubspot import oauth, requests  # inline: pytest imports this file before Django is ready

    attempt, post, found = requests.Attempt.start, oauth.OAuthApp._post, []
    wanted = "before_request" in request.fixturenames
    note = request.getfixturevalue("before_request").note if wanted else lambda operation: None

    def attempted(self, *arguments, **options):
        note(self.calls[0].operation)
        if open_blocks():
            found.append(self.calls[0].operation)
        return attempt(self, *arguments, **options)

    def posted(self, operation, *arguments, **options):
        if open_blocks() and operation != "oauth refresh":
            found.append(operation)
        return post(self, operation, *arguments, **options)

    monkeypatch.setattr(requests.Attempt, "start", attempted)
    monkeypatch.setattr(oauth.OAuthApp, "_post", posted)
    yield found
    assert found == [], "HubSpot was asked inside a transaction"
