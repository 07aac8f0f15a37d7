"""Orders for the matrix: a position for every cell, whose product decides into which property its answer goes."""

from datetime import timedelta
from decimal import Decimal
from itertools import count

from django.utils.timezone import now
from hierarkey.proxy import dirty_cache_keys
from pretix.base.models import Item, Order, OrderPosition, QuestionAnswer, QuestionOption
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import ObjectMapping, OrderState

from .tables import EMPTY, FILLED, NOTHING, held, word

QUESTION = "Q"
ANSWER = f"question_{QUESTION}"
#: An order remembers up to 20 problems.
POSITIONS = 20
_numbers = count()


class Shop:
    """An event that asks one question, with one product and one mapping for every property."""

    def __init__(self, story, field, mode, properties):
        self.story, self.field = story, field
        self.event = story.add_event(f"m{next(_numbers)}")
        story.join(self.event)
        self.question = self.event.questions.create(question="?", identifier=QUESTION, type=field.type)
        options = [
            QuestionOption(question=self.question, identifier=value, answer=label, position=place)
            for place, (value, label) in enumerate(field.choices)
        ]
        self.options = {option.identifier: option for option in QuestionOption.objects.bulk_create(options)}
        items = Item.objects.bulk_create(
            Item(event=self.event, name=name, default_price=Decimal("1.00")) for name in properties
        )
        self.items = {str(item.name): item for item in items}
        self.mappings = ObjectMapping.objects.bulk_create(
            self._mapping(place, name, mode) for place, name in enumerate(properties)
        )

    def _mapping(self, place, name, mode):
        return ObjectMapping(
            event=self.event,
            position=place,
            pretix_model="OrderPosition",
            external_object_type="contacts",
            pretix_id_field="attendee_email",
            external_id_field="email",
            property_mappings=[{"pretix_field": ANSWER, "external_field": name, "overwrite": mode, "value_map": ""}],
            options={"filters": {"items": [self.items[name].pk]}},
        )

    def address(self, place):
        return f"p{place}@{self.event.slug}.example.org"

    def sell(self, cells):
        """One position for each (property, sample, before); contacts that have to be there before are."""
        cells = list(cells)
        orders = Order.objects.bulk_create(self._order(n) for n in range(-(-len(cells) // POSITIONS)))
        positions = OrderPosition.objects.bulk_create(
            self._position(orders[place // POSITIONS], place, cell) for place, cell in enumerate(cells)
        )
        self._answer(zip(positions, (sample for _, sample, _ in cells), strict=True))
        for place, (name, _, before) in enumerate(cells):
            if before in (EMPTY, FILLED):
                there = {name: held(name, before)} if held(name, before) else {}
                self.story.simulator.record("contacts", email=self.address(place), **there)
        self.orders, self.positions = orders, positions
        dirty_cache_keys.set(set())  # as after a commit; else each look at a setting would be a query

    def _order(self, number):
        return Order(
            code=f"{self.event.slug}N{number}".upper(),
            event=self.event,
            organizer=self.story.organizer,
            status=Order.STATUS_PAID,
            datetime=now(),
            expires=now() + timedelta(days=10),
            total=Decimal("20.00"),
            locale="en",
            sales_channel=self.story.channel,
            secret=f"{self.event.slug}s{number}",
        )

    def _position(self, order, place, cell):
        name, _, _ = cell
        return OrderPosition(
            order=order,
            organizer=self.story.organizer,
            item=self.items[name],
            positionid=place % POSITIONS + 1,
            price=Decimal("1.00"),
            tax_rate=Decimal("0"),
            tax_value=Decimal("0"),
            attendee_email=self.address(place),
            secret=f"{self.event.slug}t{place}",
            pseudonymization_id=f"{self.event.slug}t{place}",
        )

    def _answer(self, samples):
        chosen = QuestionAnswer.options.through
        given = [(position, sample) for position, sample in samples if word(sample) != NOTHING]
        answers = QuestionAnswer.objects.bulk_create(
            QuestionAnswer(orderposition=position, question=self.question, answer=word(sample))
            for position, sample in given
        )
        if self.options:
            chosen.objects.bulk_create(
                chosen(questionanswer_id=answer.pk, questionoption_id=self.options[identifier].pk)
                for answer, (_, sample) in zip(answers, given, strict=True)
                for identifier in sample.split("+")
            )

    def send(self):
        """As after Sync now: everything is read again."""
        row = {"event": self.event, "sync_provider": "hubspot", "triggered_by": "user", "not_before": now()}
        OrderSyncQueue.objects.filter(event=self.event).delete()
        OrderSyncQueue.objects.bulk_create(OrderSyncQueue(order=order, **row) for order in self.orders)
        self.story.sync(self.event)

    def refusals(self):
        """Codes of what was refused, by position."""
        states = OrderState.objects.filter(order__in=self.orders)
        return {problem["position"]: problem["code"] for state in states for problem in state.problem or []}
