"""Labels of associations: made on request, sent together with those that people set."""

import pytest

from pretix_hubspot.catalog.association_labels import ensure_label
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.hubspot.data import AssociationInput, AssociationType
from pretix_hubspot.models import OrderState, RecordUse


@pytest.fixture
def label(story, mappings):
    """Chooses labels of the deal's associations as the editor does."""

    def choose(*texts):
        deal = mappings[2]
        entries = []
        for mapping, text in zip(mappings, texts, strict=False):
            found = ensure_label(Catalog(story.connection), deal, mapping.pk, text) if text else None
            entry = {"mapping": mapping.pk}
            entries.append(entry | ({"label": text, "type": f"{found.category}:{found.type_id}"} if found else {}))
        deal.association_mappings = entries
        deal.revision += 1
        deal.save()
        return [int(entry.get("type", ":0").partition(":")[2]) for entry in entries]

    return choose


def labels_of(story, email):
    """The labels between the deal and a contact, as HubSpot tells them."""
    client = Catalog(story.connection).client
    [deal] = story.simulator.portal.records("deals")
    contact = story.simulator.portal.find("contacts", "email", email)
    result = client.read_associations("deals", "contacts", [deal.id])
    [pair] = [pair for pair in result.pairs if pair.to_id == contact.id]
    return sorted(kind.label for kind in pair.types if kind.label)


def send(story, email="ada@example.org", code="A1"):
    order = story.order(code, email=email, attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    return order


def test_buyer_and_attendee(story, label):
    label("Buyer", "Attendee")
    send(story)
    assert [labels_of(story, f"{name}@example.org") for name in ("ada", "grace")] == [["Buyer"], ["Attendee"]]
    assert not OrderState.objects.get().problem


def test_one_person_has_both(story, label):
    label("Buyer", "Attendee")
    send(story, email="grace@example.org")
    assert labels_of(story, "grace@example.org") == ["Attendee", "Buyer"]


def test_a_label_is_made_once(story, label):
    assert label("Buyer", "buyer") == [label("Buyer")[0]] * 2


def test_labels_that_people_set_stay(story, label):
    order = send(story)
    [number, _] = label("Decision maker", "")
    [deal] = story.simulator.portal.records("deals")
    contact = story.simulator.portal.find("contacts", "email", "ada@example.org")
    client = Catalog(story.connection).client
    made = [kind for kind in client.association_labels("deals", "contacts") if kind.type_id == number]
    client.associate(
        "deals", "contacts", [AssociationInput(deal.id, contact.id, (AssociationType(made[0].category, number),))]
    )
    label("Buyer", "")
    story.queue(order)
    story.sync()
    assert labels_of(story, "ada@example.org") == ["Buyer", "Decision maker"]
    assert labels_of(story, "grace@example.org") == []


def test_labels_that_cannot_be_read_at_the_moment_stay(story, label):
    """A 207 tells nothing about these records but that something is wrong."""
    label("Buyer", "")
    order = send(story)
    label("Guest", "")
    [deal] = story.simulator.portal.records("deals")
    for category in ("INTERNAL_ERROR", "VALIDATION_ERROR"):
        trouble = {"status": "error", "category": category, "message": "oh", "context": {"ids": [deal.id]}}
        said = {"results": [], "numErrors": 1, "errors": [trouble]}
        story.simulator.faults.add(kind="edited", path="associations/.*/batch/read", answer=said)

    for _ in range(2):
        story.queue(order, "user")
        story.sync()

    assert [fired.name for fired in story.simulator.faults.fired] == ["edited"] * 2
    assert labels_of(story, "ada@example.org") == ["Buyer", "Guest"]


def test_a_labelled_association_is_made_once_and_detached_as_any(story, label, mappings, choose):
    label("Buyer", "Attendee")
    choose(mappings[1], replaced="detach")
    order = send(story)
    story.simulator.requests.clear()
    order.positions.update(attendee_email="alan@example.org")
    story.queue(order)
    story.sync()
    contacts = story.world()["deals"][0]["associations"]["contacts"]
    assert contacts == ["ada@example.org [Buyer]", "alan@example.org [Attendee]"]
    assert sum(map(len, RecordUse.objects.values_list("associated", flat=True))) == 2
