"""What can happen, and how often; every step draws its own details, so that leaving out one changes no other."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from pretix.base.models import Order
from pretix.base.models.datasync import OrderSyncQueue

from hubspot_simulator import PRESETS
from pretix_hubspot.models import Connection

from .simulation import BLOCKED, NO_ADDRESS, Killed, Moments, Simulation

EXISTING = ("ada@example.org", "bea@example.org", "cem@example.org", "dora@example.org", "eve@example.org")
ADDRESSES = (*EXISTING, "Ada@Example.org", "", BLOCKED, NO_ADDRESS)
GIVEN, FAMILY = ("", "Ada", "Bea"), ("", "Lovelace", "Hopper")
FAULTS = sorted(set(PRESETS) - {"timeout"})  # which takes its time, and is the same to us as a reset
SILENT = ("missing-result", "drop-results")
REFUSALS = ("bad-request", "forbidden", "conflict")  # an order that meets them waits for somebody to retry
SHARED = ("first", "buyer", "newest", "keep_names")  # whose values count where orders share an address
WORK = ("drain", "period", "cores_run")

#: Each as often as its weight says.
STEPS: list[Callable] = []


def step(weight: int) -> Callable:
    def add(step: Callable) -> Callable:
        STEPS.extend([step] * weight)
        return step

    return add


class Steps:
    """One run of steps on one simulation; ``draw`` belongs to the step at hand."""

    def __init__(self, simulation: Simulation, moments: Moments) -> None:
        self.simulation, self.moments = simulation, moments
        self.draw = Random(0)
        self.trace: list[str] = []
        self._told: tuple = ()

    def take(self, step: Callable, seed: int) -> None:
        self._take("", step, seed)

    def tell(self, *details: object) -> None:
        """What the step at hand was about."""
        self._told = details

    def _take(self, indent: str, step: Callable, seed: float) -> None:
        self.draw, self._told = Random(seed), ()
        try:
            step(self)
        finally:
            self.trace.append(f"{indent}{step.__name__}: {', '.join(map(str, self._told))}".rstrip(": "))

    # Who and what

    def order(self) -> Order | None:
        orders = self.simulation.orders()
        return self.draw.choice(orders) if orders else None

    def event(self):
        return self.draw.choice(self.simulation.events)

    def contact(self) -> str | None:
        contacts = list(self.simulation.model.portal.contacts)
        return self.draw.choice(contacts) if contacts else None

    def deal(self) -> str | None:
        deals = list(self.simulation.model.portal.deals)
        return self.draw.choice(deals) if deals else None

    def person(self) -> tuple[str, str, str]:
        return self.draw.choice(ADDRESSES), self.draw.choice(GIVEN), self.draw.choice(FAMILY)

    @step(1)
    def nothing(self):
        """Takes the place of what a failing story does not need."""

    # Orders

    @step(8)
    def place(self):
        email, silently = self.draw.choice(ADDRESSES), self.draw.random() < 0.3
        people = [self.person() for _ in range(self.draw.choice((0, 1, 1, 2)))]
        customer = self.draw.choice([None, *self.simulation.customers])
        order = self.simulation.place(self.event(), email, people, silently=silently, customer=customer)
        self.tell(order, email, people, customer)

    @step(1)
    def place_out_of_scope(self):
        testmode = self.draw.random() < 0.5
        self.tell(
            self.simulation.place(self.event(), self.draw.choice(EXISTING), [], testmode=testmode, old=not testmode)
        )

    @step(4)
    def change_buyer(self):
        if order := self.order():
            details = (*self.person(), self.draw.random() < 0.5)
            self.simulation.change_buyer(order, *details)
            self.tell(order, *details)

    @step(4)
    def change_attendee(self):
        if order := self.order():
            details = (self.draw.randrange(3), *self.person(), self.draw.random() < 0.5)
            self.simulation.change_attendee(order, *details)
            self.tell(order, *details)

    @step(4)
    def pay(self):
        if order := self.order():
            self.simulation.pay(order, order.total if self.draw.random() < 0.7 else 10)
            self.tell(order)

    @step(10)
    def change_order(self):
        if order := self.order():
            name = self.draw.choice(("refund", "cancel", "expire", "revive", "revive", "comment"))
            details = {"refund": [5], "comment": [f"comment {self.draw.randrange(100)}"]}.get(name, [])
            getattr(self.simulation, name)(order, *details)
            self.tell(order, name)

    @step(6)
    def change_positions(self):
        if order := self.order():
            what, number = self.draw.choice(("cancel", "add", "price", "split")), self.draw.randrange(1, 9)
            self.simulation.change_positions(order, what, number)
            self.tell(order, what, number)

    @step(5)
    def ask_for_an_order(self):
        if order := self.order():
            what = self.draw.choice(("signal", "signal", "sync_now", "ignore"))
            getattr(self.simulation, what)(order)
            self.tell(order, what)

    @step(3)
    def rename_something(self):
        """An event or a customer: no order's own history tells of it."""
        name = f"{self.draw.choice(GIVEN)} {self.draw.randrange(100)}".strip()
        if self.draw.random() < 0.5:
            event = self.event()
            self.simulation.rename(event, name)
            self.tell(event, name)
        else:
            customer = self.draw.choice(self.simulation.customers)
            self.simulation.rename_customer(customer, name)
            self.tell(customer, name)

    # Mappings

    @step(5)
    def edit_a_mapping(self):
        event, draw, act = self.event(), self.draw, self.simulation.map_row
        what = draw.choice(("name", "list", "comment", "title", "customer", "filter", "detach", "shared", "shared"))
        if what == "name":
            value = draw.choice(("overwrite", "if_empty", "if_new", None))
            act(event, "contacts", "Order", "invoice_address_name_family_name", "lastname", value)
        elif what == "title":
            value = draw.choice(("overwrite", "overwrite", None))
            act(event, "deals", "Order", "event_name", "pretix_title", value)
        elif what == "customer":
            value = draw.choice(("overwrite", "if_empty", None))
            act(event, "contacts", "Order", "customer_name", "pretix_customer", value)
        elif what == "list":
            value = draw.choice(("append", None))
            act(event, "contacts", "Order", "event_order_code", "pretix_orders", value)
        elif what == "comment":
            value = draw.choice(("overwrite", None))
            act(event, "deals", "Order", "order_comment", "description", value)
        elif what == "filter":
            value = draw.choice(({"paid": True}, None))
            self.simulation.set_option(event, "deals", "Order", "filters", value)
        elif what == "shared":
            source, value = draw.choice(("Order", "OrderPosition")), draw.choice((*SHARED, None))
            self.simulation.set_option(event, "contacts", source, "same_address", value)
        else:
            value = (draw.choice(("canceled", "replaced")), draw.choice(("detach", None)))
            self.simulation.set_option(event, "contacts", "OrderPosition", *value)
        self.tell(event.slug, what, value)

    @step(2)
    def choose_another_identifier(self):
        """Only where pretix knows all deals for sure: it finds those that it made and forgot by their key alone."""
        self.calm_down(for_good=False)
        event, model = self.event(), self.simulation.model
        if set(model.portal.deals) == set(model.orders.values()):
            self.simulation.change_identifier(event)
            self.tell(event.slug)

    @step(1)
    def send_again(self):
        self.simulation.send_again(self.event())

    # People in HubSpot

    @step(2)
    def somebody_adds_a_contact(self):
        email, family = self.draw.choice(EXISTING), self.draw.choice(FAMILY)
        properties = {"email": email} | ({"lastname": family} if family else {})
        self.simulation.person(lambda staff: staff.create("contacts", properties))
        self.tell(properties)

    @step(4)
    def somebody_edits_a_contact(self):
        if record := self.contact():
            name = self.draw.choice(("firstname", "lastname", "phone", "pretix_orders"))
            value = self.draw.choice(FAMILY)
            self.simulation.person(lambda staff: staff.change("contacts", {name: value}, id=record), record)
            self.tell(record, name, value)

    @step(2)
    def somebody_corrects_an_address(self):
        """Only one by which pretix knows the record for sure: else the next order would find somebody else."""
        record, email, model = self.contact(), self.draw.choice(EXISTING), self.simulation.model
        if record and model.people.get(model.portal.contacts[record]["email"]) == record:
            self.simulation.person(lambda staff: staff.change("contacts", {"email": email}, id=record), record)
            self.tell(record, email)

    @step(3)
    def somebody_edits_a_deal(self):
        if record := self.deal():
            name = self.draw.choice(("amount", "dealname", "description", "dealstage"))
            value = {"amount": "1", "dealstage": "closedwon"}.get(name, "edited")
            self.simulation.person(lambda staff: staff.change("deals", {name: value}, id=record), record)
            self.tell(record, name)

    @step(3)
    def somebody_deletes_a_contact(self):
        if record := self.contact():
            self.simulation.person(lambda staff: staff.archive("contacts", id=record), record)
            self.tell(record)

    @step(2)
    def somebody_deletes_a_deal(self):
        if record := self.deal():
            self.simulation.person(lambda staff: staff.archive("deals", id=record), record)
            self.tell(record)

    @step(3)
    def somebody_merges_contacts(self):
        one, two = self.contact(), self.contact()
        if one != two:
            self.simulation.person(lambda staff: staff.merge("contacts", one, two), one, two)
            self.tell(one, two)

    @step(1)
    def somebody_merges_deals(self):
        """Only where pretix knows both for sure: a merged deal forgets one of the order keys."""
        one, two = self.deal(), self.deal()
        if one != two and {one, two} <= set(self.simulation.model.orders.values()):
            self.simulation.person(lambda staff: staff.merge("deals", one, two), one, two)
            self.tell(one, two)

    @step(1)
    def somebody_blocks_a_domain(self):
        blocking = self.draw.random() < 0.5
        self.simulation.block(blocking)
        self.tell(blocking)

    # HubSpot fails

    @step(8)
    def hubspot_fails(self):
        fault, stage = (
            self.draw.choice(FAULTS),
            self.draw.choice(("read", "create", "create", "update", "associate", "")),
        )
        when, times = self.draw.choice(("before", "after", "after")), self.draw.choice((1, 1, 2, 5, 12))
        if fault in SILENT and not stage:
            stage = "read"  # HubSpot leaves out records, not properties
        self.simulation.simulator.faults.add(fault, stage=stage, when=when, times=times)
        self.simulation.excuse |= fault in REFUSALS
        self.tell(fault, stage, when, times)

    @step(2)
    def hubspot_recovers(self):
        self.simulation.simulator.faults.clear()

    # The connection

    @step(1)
    def access(self):
        granted = self.draw.random() < 0.8
        self.simulation.access(granted)
        self.tell(granted)

    @step(1)
    def disconnect(self):
        self.simulation.disconnect()

    @step(5)
    def reconnect(self):
        self.simulation.reconnect()

    @step(2)
    def pause(self):
        paused, whole = self.draw.random() < 0.3, self.draw.random() < 0.3
        self.simulation.pause_all(paused) if whole else self.simulation.pause(self.event(), paused)
        self.tell(paused, whole)

    # Workers and time

    @step(22)
    def work(self):
        name = self.draw.choice(WORK)
        self.simulation.working(getattr(self.simulation, name))
        self.tell(name)

    def _interrupted(self, act: Callable[[], object], *told: object) -> None:
        """Work, with something else at one of its moments."""
        moment, name = int(self.draw.triangular(0, 12, 5)), self.draw.choice(("drain", "cores_run"))
        with self.moments.interrupted(moment, act):
            self.simulation.working(getattr(self.simulation, name))
        self.tell(name, moment, *told)

    @step(9)
    def die(self):
        def act():
            raise Killed

        self._interrupted(act)

    @step(5)
    def overlap(self):
        other = self.draw.choice(WORK)
        self._interrupted(lambda: self.simulation.working(getattr(self.simulation, other)), other)

    @step(2)
    def fall_asleep(self):
        """A worker that is silent for longer than the lease, while others go on."""

        def act():
            self.simulation.pass_time(timedelta(minutes=6))
            self.simulation.working(self.simulation.period)

        self._interrupted(act)

    @step(5)
    def change_while_sending(self):
        seed = self.draw.random()
        step = self.draw.choice((Steps.change_buyer, Steps.change_attendee, Steps.change_order, Steps.place))
        self._interrupted(lambda: self._other(step, seed), step.__name__)

    @step(7)
    def people_while_sending(self):
        seed = self.draw.random()
        step = self.draw.choice(
            (Steps.somebody_deletes_a_contact, Steps.somebody_merges_contacts, Steps.somebody_deletes_a_deal)
            + (Steps.somebody_adds_a_contact, Steps.somebody_edits_a_contact)
        )
        self._interrupted(lambda: self._other(step, seed), step.__name__)

    def _other(self, step: Callable, seed: float) -> None:
        """Another step within this one."""
        outer = self.draw, self._told
        self._take("    ", step, seed)
        self.draw, self._told = outer

    @step(4)
    def time_passes(self):
        minutes = self.draw.choice((2, 6, 70, 1500))
        self.simulation.pass_time(timedelta(minutes=minutes))
        self.tell(minutes)

    @step(2)
    def calm(self):
        self.calm_down(for_good=False)

    def calm_down(self, for_good: bool) -> None:
        """Everything works again; what waits arrives by itself, and *Sync now* repairs what people changed."""
        simulation, model = self.simulation, self.simulation.model
        self._repair(for_good)
        self._wait()
        states, wishes = simulation.states(), simulation.wishes()
        assert "waiting" not in states.values(), "pretix forgot an order"
        failing = {wish.order for wish in wishes if states[wish.order] == "failing" and not simulation.may_fail(wish)}
        reasons = simulation.reasons(failing)
        assert not reasons or (simulation.excuse and "invalid_association" not in reasons), (
            f"somebody has to retry: {reasons}"
        )
        arrived = [w for w in wishes if states[w.order] == "in_sync" and w.event not in simulation.remapped]
        model.complete(arrived, wishes, untouched_only=True)
        for order in simulation.orders():
            if for_good or order.pk in {wish.order for wish in wishes}:
                simulation.sync_now(order)
        self._wait()
        states, wishes = simulation.states(), simulation.wishes()
        failing = {wish.order for wish in wishes if states[wish.order] == "failing"}
        assert {wish.order for wish in wishes if not simulation.may_fail(wish)} & failing == set()
        complete = [wish for wish in wishes if wish.order not in failing]
        assert {states[wish.order] for wish in complete if not wish.deal_if_known} <= {"in_sync"}
        model.complete(complete, wishes)
        model.remember(complete)
        model.touched.clear()
        simulation.excuse = simulation.blocking
        simulation.remapped.clear()
        assert not simulation.simulator.bugs

    def _repair(self, for_good: bool) -> None:
        self.simulation.simulator.faults.clear()
        self.simulation.access(True)
        if for_good:
            self.simulation.block(False)
        if Connection.objects.get().status != Connection.Status.ACTIVE:
            self.simulation.reconnect()
        self.simulation.pause_all(False)
        for event in self.simulation.events:
            self.simulation.pause(event, False)

    def _wait(self) -> None:
        """A portal whose day is used up rests until its midnight."""
        for _ in range(13):
            self.simulation.pass_time(timedelta(hours=2))
            self.simulation.working(self.simulation.period)
            if not OrderSyncQueue.objects.filter(need_manual_retry__isnull=True).exists():
                return
        rests = list(Connection.objects.values_list("resting_reason", "resting_until"))
        raise AssertionError(f"still waiting: {list(OrderSyncQueue.objects.values())}, {rests}")
