"""Questions that are asked once in each order: offered, sent, and seen by filters."""

import pytest
from pretix.base.models import Question

from hubspot_simulator import Property
from pretix_hubspot.sources import core
from pretix_hubspot.sources.registry import choices_for, fields_for

pytestmark = pytest.mark.skipif(not core.ASKS_ABOUT_ORDERS, reason="pretix asks such questions since 2026.8")


@pytest.fixture
def ask(story):
    def ask(kind, options=()):
        question = story.event.questions.create(
            question="Heard from?", identifier="heard", type=kind, container_type=Question.ContainerType.ORDER
        )
        for place, (identifier, label) in enumerate(options):
            question.options.create(identifier=identifier, answer=label, position=place)
        return question

    return ask


@pytest.fixture
def heard_from(story):
    """A property of contacts, and one of deals."""
    for object_type, group in (("contacts", "contactinformation"), ("deals", "dealinformation")):
        story.simulator.portal.schema.create(object_type, Property("heard", "Heard", "string", "text", group))


def add_row(mapping):
    row = {"pretix_field": "question_heard", "external_field": "heard", "overwrite": "overwrite", "value_map": ""}
    mapping.property_mappings = [*mapping.property_mappings, row]
    mapping.save()


def test_they_are_offered_for_orders_and_for_positions(story, ask):
    ask("S")
    story.event.questions.create(question="Size?", identifier="size", type="S")

    of_order, of_position = fields_for(story.event, "Order"), fields_for(story.event, "OrderPosition")
    offered = [key for _, group in choices_for(story.event, "Order") for key, _ in group]

    assert "question_heard" in of_order and "question_heard" in of_position
    assert "question_size" not in of_order and "question_size" in of_position
    assert "question_heard" in offered


def test_an_answer_arrives_in_every_record_of_the_order(story, ask, heard_from):
    question = ask("S")
    for mapping in story.event.hubspot_object_mappings.all():
        add_row(mapping)
    order = story.order("A1", email="buyer@example.org", attendees=[("ann@example.org", "Ann", "Lee")], queue=False)
    order.answers.create(question=question, answer="A friend")
    story.order("A2", email="silent@example.org")
    story.simulator.record("contacts", email="ann@example.org", heard="Radio")

    story.queue(order)
    story.sync()

    world = story.world(contacts=["email", "heard"], deals=["heard"])
    assert {c["email"]: c.get("heard") for c in world["contacts"]} == {
        "ann@example.org": "A friend",
        "buyer@example.org": "A friend",
        "silent@example.org": None,
    }
    assert [deal.get("heard") for deal in world["deals"]] == ["A friend", None]


@pytest.mark.parametrize(
    ("kind", "answer", "chosen", "sent"),
    [
        ("S", "A friend", [], "A friend"),
        ("N", "12.50", [], "12.50"),
        ("B", "True", [], "true"),
        ("B", "False", [], "false"),
        ("D", "2027-07-04", [], "2027-07-04"),
        ("H", "12:30:00", [], "12:30:00"),
        ("W", "2027-07-04T10:00:00+00:00", [], "2027-07-04T12:00:00+02:00"),
        ("CC", "DE", [], "DE"),
        ("TEL", "+4930901820", [], "+4930901820"),
        ("C", "Radio", ["radio"], "radio"),
        ("M", "Radio, Web", ["web", "radio"], "radio;web"),
    ],
)
def test_answers_of_every_type(story, ask, heard_from, kind, answer, chosen, sent):
    question = ask(kind, [("radio", "Radio"), ("web", "Web")] if chosen else ())
    add_row(story.event.hubspot_object_mappings.get(external_object_type="deals"))
    order = story.order("A1", queue=False)
    given = order.answers.create(question=question, answer=answer)
    given.options.set(question.options.filter(identifier__in=chosen))

    story.queue(order)
    story.sync()

    [deal] = story.world(deals=["heard"])["deals"]
    assert deal["heard"] == sent


@pytest.mark.parametrize(
    ("kind", "wanted", "answer", "sent"),
    [
        ("B", "", "True", ["buyer@example.org"]),
        ("B", "", "False", []),
        ("S", "", "A friend", ["buyer@example.org"]),
        ("S", "", None, []),
        ("C", "radio", "radio", ["buyer@example.org"]),
        ("C", "web", "radio", []),
    ],
)
@pytest.mark.parametrize("model", ["Order", "OrderPosition"])
def test_a_filter_sees_the_answer(story, ask, model, kind, wanted, answer, sent):
    question = ask(kind, [("radio", "Radio"), ("web", "Web")] if kind == "C" else ())
    mapping = story.event.hubspot_object_mappings.get(external_object_type="contacts", pretix_model=model)
    mapping.options = {"filters": {"answers": [["heard", wanted]]}}
    mapping.save()
    story.event.hubspot_object_mappings.exclude(pk=mapping.pk).delete()
    people = [("buyer@example.org", "B", "A1")] if model == "OrderPosition" else ()
    order = story.order("A1", email="buyer@example.org", attendees=people, queue=False)
    if answer is not None:
        given = order.answers.create(question=question, answer=answer)
        given.options.set(question.options.filter(identifier=answer))

    story.queue(order)
    story.sync()

    assert [contact["email"] for contact in story.world(contacts=["email"])["contacts"]] == sent


def test_a_pretix_that_does_not_ask_them_has_questions_of_positions_only(story, monkeypatch):
    monkeypatch.setattr(core, "ASKS_ABOUT_ORDERS", False)
    story.event.questions.create(question="Size?", identifier="size", type="S")

    assert "question_size" in fields_for(story.event, "OrderPosition")
    assert "question_size" not in fields_for(story.event, "Order")
