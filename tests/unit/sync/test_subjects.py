"""A subject that is no order is planned, sent and judged as one."""

from contextlib import closing

import pytest

from hubspot_simulator import Property, Simulator
from pretix_hubspot.failures.codes import MISCONFIGURATION
from pretix_hubspot.hubspot.budget.shared import NoBudget
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.versions import DEFAULT
from pretix_hubspot.mappings.spec import MappingSpec
from pretix_hubspot.sources.order import ORDERS
from pretix_hubspot.sources.snapshot import OrderSnapshot, Subject
from pretix_hubspot.sources.source import KeyProperty, Source
from pretix_hubspot.sync.plan.planner import build_plan
from pretix_hubspot.sync.run.judge import judge
from pretix_hubspot.sync.send.association import Association
from pretix_hubspot.sync.send.batches import BatchCaller
from pretix_hubspot.sync.send.sender import Executor
from tests.unit.sync.test_plan import EMAIL, order, row

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
)
PERSON = MappingSpec(1, CUSTOMERS, "contacts", EMAIL, (row("name", "lastname"),), associations=(2,))
EMPLOYER = MappingSpec(2, CUSTOMERS, "companies", row("employer", KEY), (row("employer", "name"),))
BUYER = MappingSpec(3, ORDERS, "contacts", EMAIL, (row("name", "lastname"),))


class Customer(OrderSnapshot):
    @property
    def subject(self):
        return Subject("Customer", self.pk)


def customer(email="ada@example.org"):
    values = {"email": email, "name": "Lovelace", "employer": "Analytical Engines"}
    return Customer(7, "customer", "p", False, values, ())


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
        yield lambda plan: Executor(client, BatchCaller()).run(plan, {})


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
