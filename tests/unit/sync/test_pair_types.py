"""The types of pairs are the same from whichever side they are read, and reading them costs as little as it can."""

from contextlib import closing

import pytest

from hubspot_simulator import Simulator
from pretix_hubspot.hubspot.budget.shared import NoBudget
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.data import AssociationInput, AssociationType
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.hubspot.versions import DEFAULT
from pretix_hubspot.sync.send.pair_types import PairTypes

PRIMARY, PLAIN = ("HUBSPOT_DEFINED", 2), ("HUBSPOT_DEFINED", 280)
ALL_PAGES = 3  # of 1,100 associations


@pytest.fixture
def portal(settings):
    settings.ALLOW_HTTP_TO_PRIVATE_NETWORKS = True  # pretix blocks loopback otherwise
    return Simulator(property_lag_ms=0)


@pytest.fixture
def client(portal):
    with portal.serve() as url, closing(Client(url, DEFAULT, lambda: portal.service_key, None, NoBudget())) as client:
        yield client


@pytest.fixture
def company(portal):
    return portal.record("companies", name="Analytical Engines")


@pytest.fixture
def person(portal):
    return portal.record("contacts", email="ada@example.org")


def new(portal, type_name="contacts"):
    """Somebody, or a company, that nobody knows yet."""
    number = len(portal.portal.records(type_name))
    return portal.record(type_name, **({"email": f"p{number}@x.org"} if type_name == "contacts" else {"name": "X"}))


def crowd(portal, record, type_name="contacts", number=1_100):
    """More associations of this record than two pages hold."""
    for _ in range(number):
        portal.link(record, new(portal, type_name))


def label(portal, text="Visitor", inverse="", types=("companies", "contacts")):
    return portal.portal.association_types.add_label(*types, text, inverse, text.lower(), 50)


def write(client, one, other, *entries, types=("companies", "contacts")):
    kinds = tuple(AssociationType(entry.category, entry.id) for entry in entries)
    client.associate(*types, [AssociationInput(one.id, other.id, kinds)])


@pytest.fixture
def read(portal, client):
    """``read(pairs)``: the labels of each pair, and the requests that it took, by direction and kind."""

    def read(*pairs, from_other_side=False, types=("companies", "contacts")):
        ids = [(one.id, other.id) for one, other in pairs]
        portal.requests.clear()
        found = PairTypes(client, *types).read(ids, from_other_side)
        asked = [request.path.removeprefix("/crm/associations/2026-03/") for request in portal.requests]
        asked = [path.replace("companies", "c").replace("contacts", "p").replace("/batch/read", "") for path in asked]
        return [further(found[pair]) for pair in ids], asked

    return read


def further(types):
    """The numbers of all types but the plain one."""
    return {(kind.category, kind.type_id) for kind in types} - {PLAIN}


USERS = "USER_DEFINED"
BOTH = ("companies", "contacts")


@pytest.mark.parametrize("from_other_side", [False, True])
def test_a_pair_is_read_from_the_side_that_is_asked_for(portal, client, read, company, person, from_other_side):
    visitor = label(portal)
    write(client, company, person, visitor)
    stranger = new(portal)
    plain = new(portal)
    portal.link(company, plain)

    labels, asked = read((company, person), (company, stranger), (company, plain), from_other_side=from_other_side)

    assert labels == [{(USERS, visitor.id)}, set(), set()]
    assert asked == (["p/c", "c/p/labels", "p/c/labels"] if from_other_side else ["c/p"])


def test_several_labels_of_a_pair_are_told_from_the_other_side(portal, client, read, company, person):
    mine, theirs = label(portal), label(portal, "Sponsor")
    label(portal, "Nobody")
    primary = portal.portal.association_types.find(*PRIMARY)
    write(client, company, person, mine, theirs, primary)
    assert read((company, person), from_other_side=True) == (
        [{(USERS, mine.id), (USERS, theirs.id), PRIMARY}],
        ["p/c", "c/p/labels", "p/c/labels"],
    )


def test_the_other_side_is_asked_where_one_has_many(portal, client, read, company, person):
    visitor = label(portal)
    crowd(portal, company)
    stranger = new(portal)
    write(client, company, person, visitor)

    labels, asked = read((company, person), (company, stranger))

    assert labels == [{(USERS, visitor.id)}, set()]
    assert asked == ["c/p", "p/c", "c/p/labels", "p/c/labels"]


def test_what_stands_on_the_first_page_needs_no_other(portal, client, read, company, person):
    visitor = label(portal)
    write(client, company, person, visitor)
    crowd(portal, company)
    assert read((company, person)) == ([{(USERS, visitor.id)}], ["c/p"])


@pytest.mark.parametrize("from_other_side", [False, True])
def test_where_both_sides_have_many_all_pages_are_read(portal, client, read, company, person, from_other_side):
    visitor = label(portal)
    crowd(portal, company)
    crowd(portal, person, "companies")
    write(client, company, person, visitor)
    few, stranger = new(portal, "companies"), new(portal)

    labels, asked = read((company, person), (few, person), (company, stranger), from_other_side=from_other_side)

    assert labels == [{(USERS, visitor.id)}, set(), set()]
    assert sorted(asked) == ["c/p"] * (1 + ALL_PAGES) + ["p/c"]


SETS = {
    "texts differ": [("Employer", "Employee")],
    "texts are swapped": [("Mentor", "Student"), ("Student", "Mentor")],
    "some differ": [("Visitor", ""), ("Employer", "Employee")],
    "one text twice": [("Visitor", "Guest"), ("Host", "Visitor"), ("Speaker", "Guest")],
}


@pytest.mark.parametrize("texts", SETS.values(), ids=SETS)
@pytest.mark.parametrize("types", [("companies", "contacts"), ("contacts", "companies")])
def test_no_label_is_taken_for_another_one(portal, client, read, texts, types):
    """What the other side tells does not say which label of ours it is: our side is asked as well."""
    made = [label(portal, *both, types=types) for both in texts]
    ends = [tuple(new(portal, kind) for kind in types) for _ in made]
    for pair, entry in zip(ends, made, strict=True):
        write(client, *pair, entry, types=types)
        crowd(portal, pair[0], types[1], 10)

    labels, _ = read(*ends, from_other_side=True, types=types)

    plain = portal.portal.association_types.default(*types)
    assert [found - {plain.key} for found in labels] == [{entry.key} for entry in made]


ODD = {
    "numbers cross": [(10, 13, "A", "A"), (12, 11, "B", "B")],
    "numbers are far apart": [(10, 12, "A", "A"), (11, 13, "B", "B")],
    "a neighbour has the text": [(10, 20, "A", "X"), (12, 11, "Y", "A")],
}


@pytest.mark.parametrize("numbers", ODD.values(), ids=ODD)
def test_nor_where_hubspot_numbers_them_otherwise(portal, client, read, numbers):
    types = portal.portal.association_types
    made = [types._define(USERS, *BOTH, (one, other), texts) for one, other, *texts in numbers]
    ends = [(new(portal, "companies"), new(portal)) for _ in made]
    for pair, entry in zip(ends, made, strict=True):
        write(client, *pair, entry)
    labels, _ = read(*ends, from_other_side=True)
    assert labels == [{entry.key} for entry in made]


def test_labels_that_cannot_be_listed_are_read_from_our_side(portal, client, read, company, person):
    visitor = label(portal)
    write(client, company, person, visitor)
    portal.faults.add("forbidden", path="/labels", times=None)
    labels, asked = read((company, person), from_other_side=True)
    assert labels == [{(USERS, visitor.id)}]
    assert asked[-1] == "c/p"


def test_what_cannot_be_read_is_never_taken_for_nothing(portal, client, read, company, person):
    trouble = {"status": "error", "category": "INTERNAL_ERROR", "message": "oh", "context": {"ids": [company.id]}}
    said = {"results": [], "numErrors": 1, "errors": [trouble]}
    for from_other_side in (False, True):
        portal.faults.add(kind="edited", path="batch/read", answer=said)
        with pytest.raises(HubSpotError):
            read((company, person), from_other_side=from_other_side)


def test_labels_between_records_of_one_type_have_no_counterpart(portal, client, read, person):
    """Both directions list the same labels: whether "Child" is the other end of "Parent" is not said."""
    types = ("contacts", "contacts")
    child = new(portal)
    parent, friend = label(portal, "Parent", "Child", types), label(portal, "Friend", types=types)
    write(client, person, child, parent, friend, types=types)
    plain = portal.portal.association_types.default(*types)

    for pair in ((person, child), (child, person)):
        there, _ = read(pair, types=types)
        assert read(pair, from_other_side=True, types=types) == (there, ["p/p"] * 2)
    assert read((person, child), types=types)[0] == [{parent.key, friend.key, plain.key}]


def test_two_plain_types_are_told_apart_on_our_side_only(portal, client, read, company, person):
    second = portal.portal.association_types._define("HUBSPOT_DEFINED", *BOTH, (900, 901), (None, None))
    write(client, company, person, second)
    assert read((company, person), from_other_side=True) == ([{second.key}], ["p/c", "c/p"])
