"""Labelled associations with a record that thousands are linked with: read from the small side, and nothing is lost."""

import pytest
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import ObjectMapping

MANY = 1_100  # more than two pages of associations


@pytest.fixture(params=["company to contact", "contact to company"])
def visit(story, request):
    """A company that stands for the organizer, labelled with the buyers as its visitors, or they with it."""
    return Visit(story, *request.param.split(" to "))


class Visit:
    def __init__(self, story, one, other):
        self.story, self.portal = story, story.simulator.portal
        story.add_property("companies", "ckey", unique=True)
        self.types = tuple({"company": "companies", "contact": "contacts"}[name] for name in (one, other))
        self.visitor = self.label("Visitor")
        ObjectMapping.objects.all().delete()
        identifiers = {"contacts": ("email", "email"), "companies": ("organizer_slug", "ckey")}
        rows = {"contacts": (), "companies": (("organizer_name", "name", "overwrite"),)}
        later, earlier = self.types
        first, self.mapping = (
            story.add_mapping(story.event, "Order", kind, identifiers[kind], rows[kind]) for kind in (earlier, later)
        )
        entry = {"mapping": first.pk, "label": "Visitor", "type": f"USER_DEFINED:{self.visitor.id}"}
        self.mapping.association_mappings = [entry]
        self.mapping.save()
        self.sell("A0")
        self.company = self.portal.find("companies", "ckey", "ada")

    def label(self, text, inverse=""):
        return self.portal.association_types.add_label(*self.types, text, inverse, text.lower(), 50)

    def sell(self, *codes, email=None, reason="order_placed"):
        """Send these orders at once; the requests about associations, by the end of their path."""
        for code in codes:
            self.story.queue(self.story.order(code, email=email, queue=False), reason)
        self.story.simulator.requests.clear()
        self.story.sync()
        assert not OrderSyncQueue.objects.exists()
        return [
            request.path.rpartition("/2026-03/")[2]
            for request in self.story.simulator.requests
            if "/associations/" in request.path
        ]

    def is_known_to_many(self):
        for number in range(MANY):
            self.story.simulator.link(self.company, self.person(f"v{number}@example.org"))

    def person(self, email):
        return self.portal.find("contacts", "email", email) or self.story.simulator.record("contacts", email=email)

    def put(self, person, *labels):
        """What the organizer's staff does in HubSpot."""
        ends = {"companies": self.company, "contacts": person}
        nodes = [(kind, ends[kind].id) for kind in self.types]
        self.portal.associations.link(*nodes, list(labels), replace=True)

    def labels(self, email):
        """As the later mapping's record has them."""
        ends = {"companies": self.company, "contacts": self.portal.find("contacts", "email", email)}
        one, other = ((kind, ends[kind].id) for kind in self.types)
        types = dict(self.portal.associations.neighbours(one, other[0])).get(other, [])
        return {kind.label for kind in types if kind.label}


@pytest.mark.parametrize("codes", [("B1",), ("B1", "B2", "B3")])
def test_new_visitors_cost_one_read_and_one_write(visit, codes):
    visit.is_known_to_many()
    asked = visit.sell(*codes)
    assert asked == ["contacts/companies/batch/read", f"{'/'.join(visit.types)}/batch/create"]
    assert [visit.labels(f"buyer-{code.lower()}@example.org") for code in codes] == [{"Visitor"}] * len(codes)


def test_who_is_a_visitor_already_is_left_alone(visit):
    visit.is_known_to_many()
    visit.sell("B1", email="ada@example.org")
    asked = visit.sell("B2", email="ada@example.org")
    assert len(asked) <= 4
    assert not [path for path in asked if path.endswith("create")]
    assert visit.labels("ada@example.org") == {"Visitor"}


@pytest.mark.parametrize("inverse", ["", "Sponsor of"])
def test_a_label_that_people_set_stays(visit, inverse):
    visit.is_known_to_many()
    person = visit.person("ada@example.org")
    visit.put(person, visit.label("Sponsor", inverse))
    asked = visit.sell("B1", email="ada@example.org")
    assert visit.labels("ada@example.org") == {"Visitor", "Sponsor"}
    assert bool(inverse) or len(asked) <= 5, "only a label that is called otherwise at its other end costs all pages"


def test_a_label_stays_where_both_sides_have_many(visit):
    visit.is_known_to_many()
    person = visit.person("ada@example.org")
    for _ in range(MANY):
        visit.story.simulator.link(visit.story.simulator.record("companies", name="X"), person)
    visit.put(person, visit.label("Sponsor"))
    visit.sell("B1", "B2", email="ada@example.org")
    assert visit.labels("ada@example.org") == {"Visitor", "Sponsor"}


def test_a_label_that_was_taken_away_comes_back_when_an_order_is_sent_again(visit):
    visit.is_known_to_many()
    visit.sell("B1", email="ada@example.org")
    visit.put(visit.person("ada@example.org"), visit.label("Sponsor"))
    visit.story.queue(visit.story.event.orders.get(code="B1"), "user")
    visit.story.sync()
    assert visit.labels("ada@example.org") == {"Visitor", "Sponsor"}


@pytest.mark.parametrize("is_later", [False, True])
def test_the_side_of_the_order_is_read_where_neither_is_new(story, is_later):
    """The label of a mapping is changed, and an order of before is sent again: its deal has one company."""
    portal = story.simulator.portal
    types = ("deals", "companies") if is_later else ("companies", "deals")
    host, venue = (portal.association_types.add_label(*types, text, "", text.lower(), 50) for text in ("Host", "Venue"))
    story.add_property("companies", "ckey", unique=True)
    ObjectMapping.objects.exclude(external_object_type="deals").delete()
    deal = ObjectMapping.objects.get()
    company = story.add_mapping(
        story.event, "Order", "companies", ("organizer_slug", "ckey"), (("organizer_name", "name", "overwrite"),)
    )
    later, earlier = (deal, company) if is_later else (company, deal)
    earlier.position, later.position, earlier.association_mappings = 0, 1, []
    earlier.save()

    def send(label):
        later.association_mappings = [{"mapping": earlier.pk, "label": label.label, "type": f"USER_DEFINED:{label.id}"}]
        later.revision += 1
        later.save()
        story.queue(order, "user")
        story.simulator.requests.clear()
        story.sync()
        assert not OrderSyncQueue.objects.exists()
        return [request.path.rpartition("/2026-03/")[2] for request in story.simulator.requests]

    order = story.order("A1", queue=False)
    send(host)
    asked = send(venue)

    reads = [path for path in asked if path in ("deals/companies/batch/read", "companies/deals/batch/read")]
    assert reads == ["deals/companies/batch/read"]
    [[_, types_there]] = portal.associations.neighbours(("deals", portal.records("deals")[0].id), "companies")
    assert {kind.label for kind in types_there if kind.label} == {"Host", "Venue"}
