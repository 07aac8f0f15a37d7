"""The stage of the editor's tests is that of the mappings: a connected event and a portal in this process."""

import pytest

from pretix_hubspot.mappings.suggestions import property_mapping
from pretix_hubspot.models import ObjectMapping
from tests.integration.mappings.conftest import (  # noqa: F401  fixtures are found by name
    BASE,
    add_mapping,
    browser,
    client,
    event,
    joined,
    make_event,
    make_user,
    no_scopes,
    organizer,
    portal,
    user,
)


@pytest.fixture
def contacts(joined, event) -> ObjectMapping:
    """Buyers become contacts, without a property row."""
    return add_mapping(event, "Order", "contacts", pretix_id_field="email", external_id_field="email")


def set_rows(mapping, *rows):
    mapping.property_mappings = [property_mapping(*row) for row in rows]
    mapping.save()


def url(mapping, page=""):
    return f"{BASE}mapping/{mapping.pk}/{page}"


def page_of(response, status=200):
    """What the page says, in one line."""
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def writes(simulator):
    """Requests that changed something in HubSpot."""
    reads = ("/batch/read", "/search", "/oauth")
    return [
        f"{entry.method} {entry.path}"
        for entry in simulator.requests.entries
        if entry.method != "GET" and not any(part in entry.path for part in reads)
    ]
