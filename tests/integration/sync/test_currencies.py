"""Amounts arrive in the currency in which they were paid, or they are left out and everybody is told."""

from decimal import Decimal

import pytest
from pretix.base.models.datasync import OrderSyncResult

from hubspot_simulator import Property
from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.connections.lifecycle import refresh_account
from pretix_hubspot.health.diagnosis import check_connection
from pretix_hubspot.mappings import starting_points, suggestions
from pretix_hubspot.mappings.editing import EditorSetup
from pretix_hubspot.models import OrderState


@pytest.fixture
def paid_in(story):
    """The event sells in this currency, in a portal that uses these ones, the first one its own."""

    def paid_in(currency, *portal):
        story.event.currency = currency
        story.event.save()
        if portal:
            account = story.simulator.portal.account
            account.currency, *account.additional_currencies = portal
            if len(portal) == 1:
                story.simulator.portal.schema.remove("deals", "deal_currency_code")
            refresh_account(story.connection)

    return paid_in


@pytest.fixture
def add_row(story):
    def add_row(field, name, mode="overwrite", object_type="deals", **more):
        mapping = story.event.hubspot_object_mappings.get(external_object_type=object_type)
        row = {"pretix_field": field, "external_field": name, "overwrite": mode, "value_map": "", **more}
        mapping.property_mappings = [*mapping.property_mappings, row]
        mapping.save()
        return mapping

    return add_row


def deal(story, *names):
    [found] = story.world(deals=["amount", "deal_currency_code", *names])["deals"]
    return {name: value for name, value in found.items() if value and name != "associations"}


def amount_seen(story):
    [record] = story.simulator.portal.records("deals")
    return story.simulator.shown(record, "amount")


def order_page(order):
    rows = OrderSyncResult.objects.filter(order=order, external_object_type="deals")
    return [row.external_link_display_name for row in rows]


CURRENCIES = [
    ("EUR", ["EUR", "CHF"], "EUR 100.00"),
    ("CHF", ["EUR", "CHF"], "CHF 100.00"),
    ("EUR", ["EUR"], "EUR 100.00"),
    ("JPY", ["EUR", "CHF"], ""),
    ("CHF", ["EUR"], ""),
]


@pytest.mark.parametrize(("mine", "portal", "seen"), CURRENCIES)
@pytest.mark.parametrize("said", [False, True], ids=["amount alone", "amount and currency"])
def test_a_person_sees_what_was_paid_or_nothing(story, paid_in, add_row, mine, portal, seen, said):
    paid_in(mine, *portal)
    if said and len(portal) > 1:
        add_row("event_currency", "deal_currency_code")
    order = story.order("A1")

    story.sync()

    assert OrderState.objects.get().problem is None, "no order fails for it"
    assert amount_seen(story) == seen
    assert ("without" in order_page(order)[0]) == (not seen)


def test_a_deal_of_another_currency_gets_both(story, paid_in):
    paid_in("CHF")
    story.order("A1")
    story.sync()
    [record] = story.simulator.portal.records("deals")
    story.edit(record, amount="80", deal_currency_code="USD")

    story.queue(story.event.orders.get(), "user")
    story.sync()

    assert deal(story) == {"amount": "100.0", "deal_currency_code": "CHF"}


def test_an_amount_that_somebody_else_entered_keeps_its_currency(story, paid_in, add_row):
    paid_in("CHF")
    mapping = add_row("event_currency", "deal_currency_code")
    mapping.property_mappings = [row | {"overwrite": "if_empty"} for row in mapping.property_mappings[:-1]] + [
        mapping.property_mappings[-1]
    ]
    mapping.save()
    order = story.order("A1", queue=False)
    theirs = {"dealname": "A1", "dealstage": "closedwon", "pipeline": "default", "deal_currency_code": "USD"}
    story.simulator.record("deals", pretix_order_key="ADA/CONF/A1", amount="80", **theirs)

    story.queue(order)
    story.sync()

    assert deal(story) == {"amount": "80", "deal_currency_code": "USD"}


def test_an_event_that_changes_its_currency(story, paid_in):
    order = story.order("A1")
    story.sync()
    assert deal(story) == {"amount": "100.0", "deal_currency_code": "EUR"}

    paid_in("CHF")
    story.queue(order, "user")
    story.sync()
    assert deal(story) == {"amount": "100.0", "deal_currency_code": "CHF"}

    paid_in("SEK")
    order.total = Decimal("250")
    order.save()
    story.queue(order, "user")
    story.sync()
    assert deal(story) == {"amount": "100.0", "deal_currency_code": "CHF"}, "what was right stays"

    story.simulator.portal.account.additional_currencies.append("SEK")
    refresh_account(story.connection)
    story.queue(order, "user")
    story.sync()
    assert deal(story) == {"amount": "250.0", "deal_currency_code": "SEK"}


@pytest.mark.parametrize(
    "field", ["order_total", "payment_sum", "pending_sum", "order_net", "order_tax", "fee_sum", "question_Q"]
)
def test_every_amount_of_the_order(story, paid_in, add_row, field):
    paid_in("JPY")
    hints = {"numberDisplayHint": "currency"}
    definition = Property("worth", "Worth", "number", "number", "dealinformation", hints=hints)
    story.simulator.portal.schema.create("deals", definition)
    if field == "question_Q":
        field = ask_in_order(story)
    add_row(field, "worth", mode="if_empty")
    order = story.order("A1", queue=False)
    if field.startswith("question"):
        order.answers.create(question=story.event.questions.get(), answer="30")

    story.queue(order)
    story.sync()

    assert "worth" not in deal(story, "worth") and "amount" not in deal(story)
    assert order_page(order) != []


def ask_in_order(story):
    from pretix_hubspot.sources import core

    if not core.ASKS_ABOUT_ORDERS:
        pytest.skip("pretix asks such questions since 2026.8")
    story.event.questions.create(question="?", identifier="Q", type="N", container_type="O")
    return "question_Q"


@pytest.mark.parametrize(("mine", "seen"), [("EUR", "EUR 100.00"), ("CHF", ""), ("JPY", "")])
def test_companies_are_worth_what_the_account_counts_in(story, paid_in, mine, seen):
    paid_in(mine)
    rows = [("order_total", "annualrevenue", "overwrite"), ("order_code", "name", "overwrite")]
    key = Property("pretix_company_key", "Key", "string", "text", "companyinformation", unique=True)
    story.simulator.portal.schema.create("companies", key)
    story.add_mapping(story.event, "Order", "companies", ("order_key", "pretix_company_key"), rows)
    story.order("A1")

    story.sync()

    [company] = story.simulator.portal.records("companies")
    assert story.simulator.shown(company, "annualrevenue") == seen


def test_a_constant_is_what_somebody_wrote_for_hubspot(story, paid_in, add_row):
    paid_in("JPY")
    mapping = add_row("constant_text", "amount", text="50")
    mapping.property_mappings = [row for row in mapping.property_mappings if row["pretix_field"] != "order_total"]
    mapping.save()
    story.order("A1")

    story.sync()

    assert amount_seen(story) == "EUR 50.00"


# ---- everybody is told


def told(story):
    return [
        finding.text
        for result in check_connection(story.event).results
        for finding in result.findings
        if finding.status > 1 and "JPY" in finding.text
    ]


def test_the_editor_and_the_check_of_the_connection_say_it(story, paid_in):
    paid_in("JPY")
    mapping = story.event.hubspot_object_mappings.get(external_object_type="deals")
    setup = EditorSetup(mapping, Catalog(story.connection))

    notes = {row.external_field: setup.notes(row) for row in setup.stored.rows}

    assert [name for name, note in notes.items() if "JPY" in str(note)] == ["amount"]
    assert told(story) != []


def test_the_suggestion_leaves_it_out_and_the_check_says_so(story, paid_in):
    paid_in("JPY")
    story.event.hubspot_object_mappings.all().delete()

    made = suggestions.apply_suggestion(story.joined)

    [mapping] = [mapping for mapping in made if mapping.external_object_type == "deals"]
    assert {row["external_field"] for row in mapping.property_mappings} & {"amount", "deal_currency_code"} == set()
    assert told(story) != []


def test_the_check_asks_the_portal_anew(story, paid_in):
    paid_in("JPY")
    story.simulator.portal.account.additional_currencies.append("JPY")

    assert told(story) == []
    story.connection.refresh_from_db()
    assert "JPY" in story.connection.account["additional_currencies"]


def test_starting_points_leave_it_out(story, paid_in):
    paid_in("JPY")
    catalog = Catalog(story.connection)

    rows = [row for m in starting_points.donations(story.event, catalog) for row in m.rows]

    assert not {"amount", "deal_currency_code"} & {row.external_field for row in rows}
