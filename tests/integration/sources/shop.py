"""A shop whose orders hold everything that source fields read, as many orders as a test asks for."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from i18nfield.strings import LazyI18nString
from pretix.base.models import (
    Checkin,
    Event,
    GiftCard,
    Invoice,
    InvoiceAddress,
    MembershipType,
    Order,
    OrderFee,
    OrderPayment,
    OrderPosition,
    OrderRefund,
    Organizer,
    Question,
)

PLACED = datetime(2026, 10, 1, 22, 30, tzinfo=UTC)  # already the next day in Berlin


def i18n(**texts):
    return LazyI18nString(texts)


class Shop:
    """One event of one organizer, with products, questions, an add-on, a series date, vouchers and seats."""

    def __init__(self, organizer=None, slug="conf"):
        self.organizer = organizer or Organizer.objects.create(name="Ada's Conferences", slug="ada")
        self.event = Event.objects.create(
            organizer=self.organizer,
            name=i18n(en="Conference", de="Konferenz"),
            slug=slug,
            currency="EUR",
            date_from=datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
            date_to=datetime(2026, 12, 3, 16, 0, tzinfo=UTC),
            location=i18n(en="Berlin"),
            has_subevents=True,
        )
        self.event.settings.timezone = "Europe/Berlin"
        self.event.settings.locales = ["en", "de-informal"]
        self.event.settings.name_scheme = "given_family"
        self._products()
        self._questions()
        self._people()

    def _products(self):
        event = self.event
        category = event.categories.create(name=i18n(en="Tickets", de="Karten"))
        tax = event.tax_rules.create(rate=Decimal("19.00"))
        self.ticket = event.items.create(
            name=i18n(en="Ticket", de="Karte"),
            category=category,
            default_price=Decimal("100"),
            admission=True,
            tax_rule=tax,
        )
        self.variation = self.ticket.variations.create(value=i18n(en="Student", de="Studierende"))
        self.workshop = event.items.create(name="Workshop", default_price=Decimal("20"))
        self.date = event.subevents.create(
            name=i18n(en="First day", de="Erster Tag"),
            date_from=datetime(2026, 12, 1, 23, 30, tzinfo=UTC),
            location=i18n(en="Hall 1"),
            active=True,
        )
        self.list = event.checkin_lists.create(name="Door", all_products=True)
        self.discount = event.discounts.create(internal_name="Early", condition_min_count=1)
        prop, created = self.organizer.meta_properties.get_or_create(name="track", defaults={"default": "general"})
        event.meta_values.create(property=prop, value="science")

    def _questions(self):
        def ask(identifier, kind, text):
            return self.event.questions.create(identifier=identifier, type=kind, question=text, required=False)

        self.size = ask("size", Question.TYPE_CHOICE, "Size")
        self.small = self.size.options.create(identifier="S", answer=i18n(en="Small", de="Klein"), position=1)
        self.meals = ask("meals", Question.TYPE_CHOICE_MULTIPLE, "Meals")
        self.dinner = self.meals.options.create(identifier="dinner", answer="Dinner", position=2)
        self.lunch = self.meals.options.create(identifier="lunch", answer="Lunch", position=1)
        self.news = ask("news", Question.TYPE_BOOLEAN, "Newsletter")
        self.arrival = ask("arrival", Question.TYPE_DATETIME, "Arrival")
        self.file = ask("file", Question.TYPE_FILE, "Photo")

    def _people(self):
        self.customer, created = self.organizer.customers.get_or_create(
            identifier="CUST1",
            defaults={"email": "Customer@Example.org", "phone": "+4930123456", "external_identifier": "ERP-7"},
        )
        kind = MembershipType.objects.create(organizer=self.organizer, name=i18n(en="Gold member", de="Goldmitglied"))
        self.membership = self.customer.memberships.create(
            membership_type=kind, date_start=PLACED, date_end=PLACED + timedelta(days=365)
        )

    def order(self, number=1, **values):
        """An order with a ticket, its add-on, and a canceled ticket; everything about it filled in."""
        code = f"A{number:04d}"
        order = Order.objects.create(
            **{
                "code": code,
                "event": self.event,
                "email": f"buyer{number}@example.org",
                "phone": "+4930654321",
                "status": Order.STATUS_PAID,
                "locale": "de-informal",
                "datetime": PLACED,
                "expires": PLACED + timedelta(days=10),
                "total": Decimal("125.00"),
                "customer": self.customer,
                "comment": "Friends of the house",
                "sales_channel": self.organizer.sales_channels.get(identifier="web"),
                **values,
            }
        )
        self._positions(order, number)
        self._money(order)
        return order

    def _positions(self, order, number):
        voucher = self.event.vouchers.create(code=f"V{number}", tag="sponsor")
        seat = self.event.seats.create(
            seat_guid=f"S-{number}", zone_name="Stalls", row_name="3", seat_number=str(number)
        )
        self.position = ticket = self.add(
            order,
            self.ticket,
            1,
            variation=self.variation,
            price=Decimal("100.00"),
            tax_rate=Decimal("19.00"),
            tax_value=Decimal("15.97"),
            attendee_name_parts={"_scheme": "given_family", "given_name": "Grace", "family_name": f"Hopper{number}"},
            attendee_email=f"grace{number}@example.org",
            company="Navy",
            street="Sea 1",
            zipcode="10115",
            city="Berlin",
            country="DE",
            voucher=voucher,
            voucher_budget_use=Decimal("5.00"),
            seat=seat,
            discount=self.discount,
            used_membership=self.membership,
        )
        self.add(order, self.workshop, 2, price=Decimal("20.00"), addon_to=ticket)
        self.add(order, self.ticket, 3, price=Decimal("100.00"), canceled=True)
        self._answers(ticket)
        for minutes in (0, 60):
            ticket.all_checkins.create(list=self.list, datetime=PLACED + timedelta(minutes=minutes))
        ticket.all_checkins.create(list=self.list, datetime=PLACED + timedelta(hours=3), type=Checkin.TYPE_EXIT)
        ticket.all_checkins.create(list=self.list, datetime=PLACED, successful=False, error_reason="unpaid")
        GiftCard.objects.create(issuer=self.organizer, issued_in=ticket, secret=f"GIFT{number}", currency="EUR")

    def add(self, order, item, positionid, **values):
        return OrderPosition.objects.create(
            **{
                "order": order,
                "item": item,
                "positionid": positionid,
                "subevent": self.date,
                "tax_rate": Decimal("0"),
                "tax_value": Decimal("0"),
                **values,
            }
        )

    def _answers(self, position):
        position.answers.create(question=self.size, answer="Small").options.add(self.small)
        position.answers.create(question=self.meals, answer="Dinner, Lunch").options.add(self.dinner, self.lunch)
        position.answers.create(question=self.news, answer="True")
        position.answers.create(question=self.arrival, answer="2026-11-30T23:15:00+00:00")

    def _money(self, order):
        order.payments.create(
            amount=Decimal("5.00"),
            provider="giftcard",
            state=OrderPayment.PAYMENT_STATE_CONFIRMED,
            payment_date=PLACED,
        )
        order.payments.create(
            amount=Decimal("130.00"),
            provider="banktransfer",
            state=OrderPayment.PAYMENT_STATE_CONFIRMED,
            payment_date=PLACED + timedelta(days=1),
        )
        order.payments.create(amount=Decimal("125.00"), provider="paypal", state=OrderPayment.PAYMENT_STATE_FAILED)
        order.refunds.create(amount=Decimal("10.00"), provider="manual", state=OrderRefund.REFUND_STATE_DONE)
        order.refunds.create(amount=Decimal("99.00"), provider="manual", state=OrderRefund.REFUND_STATE_FAILED)
        OrderFee.objects.create(
            order=order,
            fee_type=OrderFee.FEE_TYPE_SHIPPING,
            value=Decimal("5.00"),
            tax_rate=Decimal("0"),
            tax_value=Decimal("0.80"),
        )
        OrderFee.objects.create(
            order=order,
            fee_type=OrderFee.FEE_TYPE_OTHER,
            value=Decimal("7.00"),
            tax_rate=Decimal("0"),
            tax_value=Decimal("0"),
            canceled=True,
        )
        InvoiceAddress.objects.create(
            order=order,
            is_business=True,
            company="Analytical Engines",
            name_parts={"_scheme": "given_family", "given_name": "Ada", "family_name": "Lovelace"},
            street="Main street 1",
            zipcode="N1",
            city="London",
            country="GB",
            vat_id="GB123",
            internal_reference="PO 42",
        )
        for cancels in (False, True):
            Invoice.objects.create(
                order=order, event=self.event, organizer=self.organizer, date=date(2026, 10, 2), is_cancellation=cancels
            )


def multiply(order, count):
    """``count`` orders like this one, with everything about them, in a few queries."""
    orders = Order.objects.bulk_create(copy(order, code=f"M{number:04d}") for number in range(count))
    positions = list(order.all_positions.all())
    tickets = _positions(orders, [position for position in positions if not position.addon_to_id], {})
    _positions(orders, [position for position in positions if position.addon_to_id], tickets)
    for rows in (order.payments.all(), order.refunds.all(), order.all_fees(manager="all").all()):
        rows.model._base_manager.bulk_create(copy(row, order=new) for new in orders for row in list(rows))
    Invoice.objects.bulk_create(
        copy(row, order=new, invoice_no=f"{new.code}{number}")
        for number, row in enumerate(order.invoices.all())
        for new in orders
    )
    InvoiceAddress.objects.bulk_create(copy(order.invoice_address, order=new) for new in orders)
    for position in positions:
        _about(position, [tickets[new.pk, position.positionid] for new in orders])
    return orders


def copy(row, **changes):
    new = type(row)(**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields})
    new.pk = None
    for name, value in changes.items():
        setattr(new, name, value)
    return new


def _positions(orders, positions, made):
    clones = []
    for new in orders:
        for position in positions:
            unique = f"{new.pk}-{position.positionid}"
            parent = made[new.pk, position.addon_to.positionid] if position.addon_to_id else None
            clones.append(
                copy(position, order=new, addon_to=parent, secret=f"s{unique}", pseudonymization_id=f"P{unique}")
            )
    for clone in OrderPosition.all.bulk_create(clones):
        made[clone.order_id, clone.positionid] = clone
    return made


def _about(position, clones):
    """Answers, scans and gift cards."""
    for answer in position.answers.all():
        answers = type(answer).objects.bulk_create(copy(answer, orderposition=clone) for clone in clones)
        chosen = type(answer).options.through
        chosen.objects.bulk_create(
            chosen(questionanswer=new, questionoption=option) for new in answers for option in answer.options.all()
        )
    Checkin.all.bulk_create(copy(scan, position=clone) for clone in clones for scan in position.all_checkins.all())
    GiftCard.objects.bulk_create(
        copy(card, issued_in=clone, secret=f"G{clone.pk}")
        for clone in clones
        for card in position.issued_gift_cards.all()
    )
