"""Values that do not fit, and the language of names and choices."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from i18nfield.strings import LazyI18nString
from pretix.base.models.datasync import OrderSyncResult

from pretix_hubspot.mappings.suggestions import property_mapping
from pretix_hubspot.models import OrderState


@pytest.fixture
def attendees(story, mappings):
    """Attendees with their product as a text, and with an answer that HubSpot has no option for."""
    story.event.settings.locales = ["en", "de", "fr"]
    story.event.settings.locale = "en"
    story.event.ticket.name = LazyI18nString({"en": "Ticket", "de": "Karte", "fr": "Billet"})
    story.event.ticket.save()
    mappings[1].property_mappings += [property_mapping("product", "jobtitle", "overwrite")]
    mappings[1].save()
    return mappings[1]


def jobtitle(story, email):
    return story.simulator.portal.find("contacts", "email", email).get("jobtitle")


def send(story, **locales):
    for code, locale in locales.items():
        story.order(code, locale=locale, attendees=[(f"{code.lower()}@example.org", "Ada", "L")])
    story.sync()
    return [jobtitle(story, f"{code.lower()}@example.org") for code in locales]


@pytest.mark.parametrize(
    "language, sent",
    [("", ["Ticket", "Ticket"]), ("order", ["Karte", "Billet"]), ("de", ["Karte", "Karte"])],
)
def test_names_come_in_the_language_chosen(story, attendees, choose, language, sent):
    choose(attendees, **({"language": language} if language else {}))
    assert send(story, A1="de", A2="fr") == sent
    [deal, _] = story.world()["deals"]
    assert deal["associations"]["contacts"] == ["a1@example.org", "buyer-a1@example.org"]


def test_languages_cost_no_query_per_order(story, attendees, choose, field_names_are_kept):
    choose(attendees, language="order")
    counts = []
    for number in (1, 20):
        for index in range(number):
            for locale in ("de", "fr"):
                story.order(f"N{number}I{index}{locale}", locale=locale, attendees=[("", "Ada", "L")])
        with CaptureQueriesContext(connection) as queries:
            story.sync()
        counts.append(len([query for query in queries if query["sql"].startswith("SELECT")]))
    assert counts[1] <= counts[0] + 2


def test_choices_go_into_texts_by_label(story, attendees, choose):
    size = story.event.questions.create(question="Size", identifier="SIZE", type="C")
    large = size.options.create(identifier="XLARGE", answer=LazyI18nString({"en": "Large", "de": "Groß"}))
    attendees.property_mappings = [property_mapping("question_SIZE", "jobtitle", "overwrite")]
    attendees.save()
    sent = []
    for code, options in (("A1", {}), ("A2", {"labels": True}), ("A3", {"labels": True, "language": "de"})):
        choose(attendees, **options)
        order = story.order(code, attendees=[(f"{code.lower()}@example.org", "", "")])
        answer = order.positions.get().answers.create(question=size, answer="Large")
        answer.options.add(large)
        story.sync()
        sent.append(jobtitle(story, f"{code.lower()}@example.org"))
    assert sent == ["XLARGE", "Large", "Groß"]


@pytest.mark.parametrize(
    ("options", "choices", "sent"),
    [
        ({}, "labels", "Large"),
        ({"labels": True}, "identifiers", "XLARGE"),
        ({"labels": True, "language": "de"}, "", "Groß"),
        ({"language": "de"}, "labels", "Groß"),
        ({}, "", "XLARGE"),
    ],
)
def test_a_row_may_decide_between_identifiers_and_labels(story, attendees, choose, options, choices, sent):
    size = story.event.questions.create(question="Size", identifier="SIZE", type="C")
    large = size.options.create(identifier="XLARGE", answer=LazyI18nString({"en": "Large", "de": "Groß"}))
    row = property_mapping("question_SIZE", "jobtitle", "overwrite")
    attendees.property_mappings = [row | ({"choices": choices} if choices else {})]
    attendees.save()
    choose(attendees, **options)
    order = story.order("A1", attendees=[("grace@example.org", "", "")])
    order.positions.get().answers.create(question=size, answer="Large").options.add(large)
    story.sync()
    assert jobtitle(story, "grace@example.org") == sent


def test_a_value_that_does_not_fit_costs_the_record_or_the_property(story, attendees, choose):
    attendees.property_mappings[-1] = property_mapping("product", "lifecyclestage", "overwrite")
    attendees.save()
    order = story.order("A1", attendees=[("grace@example.org", "Grace", "Hopper")])
    story.sync()
    assert OrderState.objects.get().problem[0]["code"] == "no_option"
    assert not story.simulator.portal.find("contacts", "email", "grace@example.org")
    choose(attendees, lenient=True)
    story.queue(order, "user")
    story.sync()
    assert OrderState.objects.get().problem is None
    assert story.simulator.portal.find("contacts", "email", "grace@example.org").get("firstname") == "Grace"
    shown = OrderSyncResult.objects.get(order_position__isnull=False)
    assert shown.external_link_display_name == "Contacts: grace@example.org (without Lifecycle Stage)"
    assert shown.sync_info["left_out"] == ["Lifecycle Stage"]
