"""Saving asks HubSpot before it locks: whoever else saves does not wait for HubSpot.

That nothing else asks inside a transaction is held in every integration test, see ``tests/integration/conftest.py``.
"""

import pytest
from django.db import transaction

from pretix_hubspot.connections.clients import client_for
from pretix_hubspot.control.forms.editor import MappingEditor
from pretix_hubspot.models import ObjectMapping
from tests.integration.mappings.conftest import (  # noqa: F401  fixtures
    BASE,
    add_mapping,
    client,
    event,
    joined,
    no_scopes,
    organizer,
    portal,
    user,
)
from tests.integration.mappings.test_editor import data


def test_a_request_inside_a_transaction_is_noticed(joined, no_requests_inside_transactions):
    """Else the other tests hold nothing."""
    with transaction.atomic():
        client_for(joined.connection).account()

    assert no_requests_inside_transactions == ["account read"]
    no_requests_inside_transactions.clear()


@pytest.fixture
def mappings(event, joined):
    buyers = add_mapping(event, "Order", "contacts", pretix_id_field="email", external_id_field="email")
    deals = add_mapping(event, "Order", "deals", 1, pretix_id_field="order_key", external_id_field="pretix_order_key")
    return buyers, deals


def test_saving_rows_of_a_portal_that_was_never_read(client, event, joined, mappings, portal):
    joined.connection.catalog_entries.all().delete()
    before = portal.requests.total

    response = client.post(BASE + "mappings/", {"mappings-TOTAL_FORMS": "0", "mappings-INITIAL_FORMS": "0"})

    assert response.status_code == 302
    assert portal.requests.total > before


def test_a_label_of_an_association_is_made_before_the_lock(client, mappings, portal):
    """HubSpot makes the label when somebody first asks for it, which takes three requests."""
    buyers, deals = mappings
    posted = data(deals, [], identifier=("order_key", "hs_object_id")) | {
        "associations-associations": str(buyers.pk),
        f"associations-label_{buyers.pk}": "Buyer",
    }
    before = portal.requests.total

    client.post(f"{BASE}mapping/{deals.pk}/", posted)

    assert portal.requests.total > before


def test_who_saved_meanwhile_is_not_overwritten(client, mappings, monkeypatch):
    """Between the look at HubSpot and the lock."""
    buyers, _ = mappings
    genuine = MappingEditor.is_valid

    def slow(self):
        valid = genuine(self)
        ObjectMapping.objects.filter(pk=buyers.pk).update(revision=7, pretix_id_field="phone")
        return valid

    monkeypatch.setattr(MappingEditor, "is_valid", slow)
    posted = data(buyers, [("event_order_code", "lastname", "overwrite")])

    response = client.post(f"{BASE}mapping/{buyers.pk}/", posted)

    assert "Somebody else has changed this mapping in the meantime." in response.content.decode()
    stored = ObjectMapping.objects.get(pk=buyers.pk)
    assert (stored.revision, stored.pretix_id_field, stored.property_mappings) == (7, "phone", [])
