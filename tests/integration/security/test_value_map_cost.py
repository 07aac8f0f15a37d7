"""The dialog *Map values* is quick and small, however many options and choices there are: by counts, not by time."""

import json
import random
from decimal import Decimal
from difflib import SequenceMatcher

import pytest

from hubspot_simulator import Option as Offered
from hubspot_simulator import Property
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.hubspot.data import Option
from pretix_hubspot.mappings import value_maps
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


@pytest.fixture
def compared(monkeypatch):
    """The lengths of the labels of each pair whose similarity was computed."""
    pairs = []

    genuine = SequenceMatcher.ratio

    def ratio(matcher):
        pairs.append((len(matcher.a), len(matcher.b)))
        return genuine(matcher)

    monkeypatch.setattr(SequenceMatcher, "ratio", ratio)
    return pairs


def labels(number, length):
    dice = random.Random(1)
    return ["".join(dice.choice("abcdefgh ") for _ in range(length)) for _ in range(number)]


def options_of(texts):
    return [Option(f"v{number}", text) for number, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("options", "choices", "length"), [(2_000, 50, 190), (2_000, 200, 20), (30, 2_000, 30), (5, 5, 9_000)]
)
def test_similarity_is_computed_for_few_pairs_and_few_characters(compared, options, choices, length):
    texts = labels(options + choices, length)
    proposals = value_maps.Proposals(options_of(texts[:options]))

    for number in range(choices):
        proposals.propose(f"c{number}", [texts[options + number]])

    assert len(compared) <= value_maps.MOST_PAIRS
    assert sum(one * other for one, other in compared) <= value_maps.MOST_WORK


def test_many_names_of_a_choice_count_as_well(compared):
    proposals = value_maps.Proposals(options_of(labels(100, 20)))

    proposals.propose("c", labels(1_000, 21))

    assert len(compared) <= value_maps.MOST_PAIRS


def test_equal_labels_take_no_comparison_however_many_there_are(compared):
    texts = labels(2_000, 60)
    proposals = value_maps.Proposals(options_of(texts))

    found = [proposals.propose(f"c{number}", [text.upper() + "!"]) for number, text in enumerate(texts)]

    assert found == [f"v{number}" for number in range(2_000)]
    assert compared == []


def test_beyond_the_limits_nothing_is_proposed_and_equal_ones_still_are(compared):
    texts = ["Vegetarian", *labels(2_500, 20)]
    proposals = value_maps.Proposals(options_of(texts))

    assert proposals.propose("c1", ["Vegetarians"]) is None
    assert proposals.propose("c2", ["vegetarian"]) == "v0"
    assert value_maps.propose("c1", ["Vegetarians"], options_of(texts[:20])) == "v0"


def dialog(client, event, joined, portal, options, choices):
    offered = tuple(Offered(f"v{number}", f"Option {number}") for number in range(options))
    prop = Property("menu", "Menu", "enumeration", "select", "contactinformation", options=offered)
    portal.portal.schema.create("contacts", prop)
    portal.portal.schema.find("contacts", "menu").visible_at = 0
    question = event.questions.create(question="Menu?", type="C", identifier="MENU")
    item = event.items.create(name="Ticket", default_price=Decimal("1"))
    question.items.add(item)
    for number in range(choices):
        question.options.create(identifier=f"c{number}", answer=f"Choice {number}")
    mapping = add_mapping(event, "OrderPosition", "contacts")
    Catalog(joined.connection).refresh(["contacts"])
    row = {"pretix_field": f"question_{question.identifier}", "external_field": "menu", "overwrite": "overwrite"}
    stored = {"c0": "v1", "c1": ""}
    return client.post(f"{BASE}mapping/{mapping.pk}/values/", {**row, "value_map": json.dumps(stored)})


@pytest.mark.parametrize(("options", "choices", "is_search"), [(400, 100, True), (20, 10, False)])
def test_many_options_stand_in_the_page_once(client, event, joined, portal, options, choices, is_search):
    response = dialog(client, event, joined, portal, options, choices)

    html = response.content.decode()
    assert response.status_code == 200
    assert html.count("data-hubspot-choice=") == choices
    assert ("<datalist" in html) is is_search
    assert html.count(">Option 7<") == (0 if is_search else choices)
    assert html.count('"Option 7"') == (1 if is_search else 0)
    assert ('data-hubspot-value="v1"' in html) is is_search
    assert len(html) < 200_000
