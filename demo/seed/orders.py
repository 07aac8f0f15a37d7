"""Who has bought already: people with all the names, addresses and changes of mind that real shops see."""

from decimal import Decimal

from pretix.base.models import OrderRefund
from pretix.base.services.orders import OrderChangeManager, cancel_order

from demo.seed.buying import Ticket, backdate, buy, pay


def tell(shop, tours):
    companies(shop)
    families_and_names(shop)
    changes_of_mind(shop)
    rehearsal(tours)
    walkers(tours)


def companies(shop):
    """A company with an invoice address, several attendees, add-ons and answers; and a speaker who pays nothing."""
    event, pass_ = shop.event, shop.ticket
    order = buy(
        event,
        "office@brightside.example.org",
        Ticket(pass_, "Regular", "Anna", "Müller", "anna.mueller@brightside.example.org", "Brightside GmbH",
               answers={"DIET": ("Vegetarian", "Gluten-free"), "SOURCE": ("A colleague",), "YEARS": 7},
               addons=(Ticket(shop.workshop, "CRM without tears"), Ticket(shop.shirt, "M"))),
        Ticket(pass_, "Regular", "Björn", "Østergård", "bjorn@brightside.example.org", "Brightside GmbH",
               answers={"EMPLOYER": "Brightside GmbH", "SPONSORS": True}, addons=(Ticket(shop.shirt, "XL"),)),
        address={"is_business": True, "company": "Brightside GmbH", "street": "Hauptstraße 1", "zipcode": "69117",
                 "city": "Heidelberg", "country": "DE", "vat_id": "DE123456789",
                 "name_parts": {"_scheme": "given_family", "given_name": "Anna", "family_name": "Müller"}},
    )  # fmt: skip
    backdate(order, 30)
    pay(order)
    speaker = buy(
        event,
        "grace@speakers.example.org",
        Ticket(pass_, "Community", "Grace", "Okafor", "grace@speakers.example.org", voucher="SPEAKER"),
        provider="free",
    )
    backdate(speaker, 25)
    partner = buy(
        event,
        "ivo@partners.example.org",
        Ticket(pass_, "Early bird", "Ivo", "Novák", company="Partners s.r.o.", voucher="PARTNER20"),
    )
    backdate(partner, 21)
    pay(partner)


def families_and_names(shop):
    """Two people behind one address, names in every script, and a buyer who tells nothing but an address."""
    event, pass_ = shop.event, shop.ticket
    family = buy(
        event,
        "rossi@family.example.org",
        Ticket(pass_, "Community", "Giulia", "Rossi", "rossi@family.example.org"),
        Ticket(pass_, "Community", "Marco", "Rossi", "rossi@family.example.org"),
    )
    backdate(family, 18)
    pay(family)
    for days, (given, family_name, email) in enumerate((
        ("Zoë 🎉", "Laurent", "zoe@laurent.example.org"),
        ("ليلى", "حداد", "layla@haddad.example.org"),
        ("נועה", "לוי", "noa@levi.example.org"),
        ("美咲", "佐藤", "misaki@sato.example.org"),
        ("María José", "de la Cruz y Fernández", "MJ.Cruz@Cruz.Example.org"),
    )):  # fmt: skip
        order = buy(event, email, Ticket(pass_, "Regular", given, family_name, email))
        backdate(order, 15 - days)
        if days % 2 == 0:
            pay(order)
    buy(event, "quiet@stream.example.org", Ticket(shop.stream, given="Q", family="Q"))


def changes_of_mind(shop):
    """Pending, partly paid, canceled, refunded, and an order that lost one of its tickets."""
    event, pass_ = shop.event, shop.ticket
    pending = buy(event, "late@payer.example.org", Ticket(pass_, "Regular", "Lena", "Later", "late@payer.example.org"))
    backdate(pending, 6)
    partly = buy(event, "half@payer.example.org", Ticket(pass_, "Regular", "Hanno", "Half", "half@payer.example.org"))
    pay(partly, part=Decimal("0.5"))
    canceled = buy(
        event, "gone@changed.example.org", Ticket(pass_, "Early bird", "Gwen", "Gone", "gone@changed.example.org")
    )
    cancel_order.apply(args=(canceled.pk,), kwargs={"send_mail": False}, throw=True)
    refund(
        buy(event, "back@changed.example.org", Ticket(pass_, "Early bird", "Bruno", "Back", "back@changed.example.org"))
    )
    fewer = buy(
        event,
        "fewer@changed.example.org",
        Ticket(pass_, "Regular", "Fee", "Fewer", "fewer@changed.example.org"),
        Ticket(pass_, "Regular", "Nick", "Not-Coming", "nick@changed.example.org"),
    )
    change = OrderChangeManager(fewer, notify=False)
    change.cancel(fewer.positions.last())
    change.commit()


def refund(order):
    pay(order)
    done = order.refunds.create(
        payment=order.payments.first(),
        provider="manual",
        amount=order.total,
        state=OrderRefund.REFUND_STATE_CREATED,
        source=OrderRefund.REFUND_SOURCE_ADMIN,
    )
    cancel_order.apply(args=(order.pk,), kwargs={"send_mail": False}, throw=True)
    done.done()


def rehearsal(tours):
    """One order in test mode, as organizers make before the sale starts; pretix shows a banner in such an event."""
    event = tours.event
    event.testmode = True
    event.save()
    try:
        buy(
            event,
            "test@tutorial.example.org",
            Ticket(tours.adult, given="Tess", family="Test", date=tours.dates[2]),
        )
    finally:
        event.testmode = False
        event.save()


def walkers(tours):
    """Orders for dates of the series, one of them for two dates."""
    first, second = tours.dates[0], tours.dates[1]
    family = buy(
        tours.event,
        "rossi@family.example.org",
        Ticket(tours.adult, given="Giulia", family="Rossi", date=first),
        Ticket(tours.child, given="Pia", family="Rossi", date=first),
    )
    pay(family)
    buy(
        tours.event,
        "wanda@walker.example.org",
        Ticket(tours.adult, given="Wanda", family="Walker", date=first),
        Ticket(tours.adult, given="Wanda", family="Walker", date=second),
        locale="de",
    )
