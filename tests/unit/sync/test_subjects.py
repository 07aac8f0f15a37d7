"""A subject that is no order is planned, sent and judged as one."""

from contextlib import closing
from dataclasses import replace

import pytest

from hubspot_simulator import Property, Simulator
from pretix_hubspot.failures.codes import MISCONFIGURATION
from pretix_hubspot.hubspot.budget.shared import NoBudget
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.versions import DEFAULT
from pretix_hubspot.mappings.filters import reason
from pretix_hubspot.mappings.spec import DefaultRows, Filters, MappingSpec, NewRecordDefaults, PipelineSpec
from pretix_hubspot.sources.order import ORDERS
from pretix_hubspot.sources.position import POSITIONS
from pretix_hubspot.sources.snapshot import ObjectSnapshot, PartSnapshot, Subject
from pretix_hubspot.sources.source import KeyProperty, Source
from pretix_hubspot.sync.plan.planner import build_plan
from pretix_hubspot.sync.run.judge import judge
from pretix_hubspot.sync.send.association import Association
from pretix_hubspot.sync.send.batches import BatchCaller
from pretix_hubspot.sync.send.sender import Sender
from pretix_hubspot.values.rows import IF_NEW, Row
from tests.unit.sync.test_plan import EMAIL, order, position, prop, row

KEY = "pretix_key"
CUSTOMER_7, ORDER_7 = Subject("Customer", 7), Subject.of_order(7)
CUSTOMERS = Source(
    "Customer",
    "Customer",
    inputs=frozenset(),
    fields=lambda event: [],
    identity=frozenset({"customer_id"}),
    link="customer",
    key_property=KeyProperty("customer_id", "pretix_customer_id", "pretix customer", ""),
    title="name",
)
PERSON = MappingSpec(1, CUSTOMERS, "contacts", EMAIL, (row("name", "lastname"),), associations=(2,))
EMPLOYER = MappingSpec(2, CUSTOMERS, "companies", row("employer", KEY), (row("employer", "name"),))
BUYER = MappingSpec(3, ORDERS, "contacts", EMAIL, (row("name", "lastname"),))


def customer(email="ada@example.org"):
    values = {"email": email, "name": "Lovelace", "employer": "Analytical Engines"}
    return ObjectSnapshot(CUSTOMER_7, "ADA", values)


@pytest.fixture
def simulator(settings):
    settings.ALLOW_HTTP_TO_PRIVATE_NETWORKS = True  # pretix blocks loopback otherwise
    simulator = Simulator(property_lag_ms=0)
    key = Property(KEY, "pretix key", "string", "text", "companyinformation", unique=True)
    simulator.portal.schema.create("companies", key)
    return simulator


@pytest.fixture
def send(simulator):
    """``send(plan)`` sends it to the simulator; returns what became of it."""
    with simulator.serve() as url, closing(client_of(simulator, url)) as client:
        yield lambda plan: Sender(client, BatchCaller()).send(plan, {})


def client_of(simulator, url):
    return Client(url, DEFAULT, lambda: simulator.service_key, None, NoBudget())


def test_a_customer_is_planned_sent_and_judged(simulator, send):
    plan = build_plan(99, [((PERSON, EMPLOYER), [customer()])])

    execution = send(plan)
    [verdict] = judge(plan, execution)

    [contact], [company] = map(simulator.portal.records, ("contacts", "companies"))
    assert (verdict.subject, verdict.failures, verdict.changed) == (CUSTOMER_7, (), True)
    assert verdict.associated == (Association(("contacts", contact.id), ("companies", company.id)),)
    assert verdict.fingerprint == plan.subjects[CUSTOMER_7].fingerprint


def test_a_customer_and_an_order_of_the_same_number_are_two_subjects(send):
    """They share an address; what is wrong with the order does not keep the customer."""
    broken = MappingSpec(4, ORDERS, "companies", row("code", KEY, source_type=None), ())
    groups = [((PERSON, EMPLOYER), [customer()]), ((BUYER, broken), [order(7)])]
    plan = build_plan(99, groups)

    modes = {verdict.subject: verdict.mode for verdict in judge(plan, send(plan))}

    [contact] = [record for record in plan.records.values() if record.object_type == "contacts"]
    assert contact.subjects == {CUSTOMER_7, ORDER_7}
    assert modes == {CUSTOMER_7: None, ORDER_7: MISCONFIGURATION}
    assert plan.orders() == {7}


def test_a_subject_is_planned_by_the_mappings_of_its_kind_alone():
    plan = build_plan(99, [((PERSON, EMPLOYER, BUYER), [customer(), order(7)])])

    specs = {subject: planned.specs for subject, planned in plan.subjects.items()}

    assert specs == {CUSTOMER_7: (PERSON, EMPLOYER), ORDER_7: (BUYER,)}
    assert build_plan(99, [((PERSON,), [order(7)])]).subjects[ORDER_7].excluded == "no_mappings"


def test_an_object_is_found_by_its_primary_key_and_called_by_its_title():
    title, stage = prop("name"), prop("stage")
    accounts = MappingSpec(
        4,
        CUSTOMERS,
        "companies",
        row("customer_id", KEY),
        (),
        pipeline=PipelineSpec(prop("pipeline"), stage, "p1", {"active": "s1"}),
        defaults=NewRecordDefaults(title),
    )
    values = {"customer_id": "ADA", "name": "Lovelace"}

    plan = build_plan(99, [((accounts,), [ObjectSnapshot(CUSTOMER_7, "ADA", values, "active")])])

    [record] = plan.records.values()
    assert (record.key, record.own_key) == (f"{KEY}@customer:7", True)
    assert [(r.property.name, r.value) for r in record.rows()] == [(KEY, "ADA"), ("pipeline", "p1"), ("stage", "s1")]
    assert record.defaults == (DefaultRows(("name",), (Row(title, "Lovelace", IF_NEW),)),)


def test_filters_are_about_orders():
    assert reason(Filters(paid=True, items=frozenset()), customer(), None, was_sent=False) == ""


#: Parts of orders beside positions, whose keys are numbers of their own.
FEES = replace(CUSTOMERS, key="OrderFee", identity=frozenset({"fee_key"}), link="fee", of=ORDERS)
TICKET = MappingSpec(5, POSITIONS, "tickets", row("attendee_email", KEY), (), associations=(3,))
FEE = MappingSpec(6, FEES, "line_items", row("fee_key", KEY), (), associations=(3, 5))


def test_a_position_and_a_fee_of_the_same_number_have_nothing_to_do_with_each_other():
    fees = (PartSnapshot(70, "F1", False, {"fee_key": "F70"}), PartSnapshot(71, "F2", True, {"fee_key": "F71"}))
    with_fees = replace(order(7, positions=[position(70, "T70"), position(71, "T71")]), other_parts={"OrderFee": fees})

    plan = build_plan(99, [((BUYER, TICKET, FEE), [with_fees])], frozenset({(71, FEE.id)}))

    planned = plan.subjects[ORDER_7]
    ends = [(plan.records[one].id_value, plan.records[other].id_value) for one, other, _ in planned.associations()]
    assert ends == [(end, "ada@example.org") for end in ("T70", "T71", "F70", "F71")]
    assert planned.canceled == {("OrderFee", 71)}
    assert [c.label for record in plan.records.values() for c in record.contributions] == [
        "C7",
        "C7-70",
        "C7-71",
        "C7-F1",
        "C7-F2",
    ]
