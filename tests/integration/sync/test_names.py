"""Names in every scheme that was ever valid, and as one text: what arrives as first and last name."""

from decimal import Decimal

import pytest
from pretix.base.forms.questions import NamePartsFormField
from pretix.base.models import InvoiceAddress, OrderPosition

ANN = ("ann@example.org", "Ann", "Lee")


@pytest.fixture
def map_names(story):
    """``map_names(mode)``: attendees' names, and nothing else, are written in this mode."""

    def map_names(mode):
        attendee = story.event.hubspot_object_mappings.get(pretix_model="OrderPosition")
        attendee.property_mappings = []
        story.add_rows(
            attendee,
            ("attendee_name_given_name", "firstname", mode),
            ("attendee_name_family_name", "lastname", mode),
        )

    return map_names


def names(story):
    contacts = story.world(contacts=["email", "firstname", "lastname"])["contacts"]
    return {contact["email"]: (contact["firstname"], contact["lastname"]) for contact in contacts}


def place(api, story, invoice_address=None, **position):
    """An order by pretix's API, as box offices and other shops place them."""
    body = {
        "email": "buyer@example.org",
        "locale": "en",
        "sales_channel": "web",
        "status": "p",
        "payment_provider": "manual",
        "fees": [],
        "positions": [
            {"positionid": 1, "item": story.event.ticket.pk, "variation": None, "price": "10.00", "answers": []}
            | position
        ],
    }
    if invoice_address:
        body["invoice_address"] = {"is_business": False, "country": "DE"} | invoice_address
    answer = api.post("/api/v1/organizers/ada/events/conf/orders/", body, format="json")
    assert answer.status_code == 201, answer.content


@pytest.mark.parametrize("mode", ["if_empty", "overwrite"])
def test_an_attendees_name_as_one_text_is_split(story, api, period, map_names, mode):
    map_names(mode)
    place(api, story, attendee_name="Jane Roe", attendee_email="new@example.org")
    period()
    assert names(story)["new@example.org"] == ("Jane", "Roe")


def test_a_name_as_one_text_empties_nothing(story, api, period, map_names):
    map_names("overwrite")
    story.simulator.record("contacts", email="known@example.org", firstname="Jane", lastname="Roe")
    place(api, story, attendee_name="Jane Roe", attendee_email="known@example.org")
    period()
    assert names(story)["known@example.org"] == ("Jane", "Roe")


def test_a_name_of_the_invoice_address_as_one_text_is_split(story, api, period):
    place(api, story, invoice_address={"name": "Jane Roe"})
    period()
    assert names(story)["buyer@example.org"] == ("Jane", "Roe")


SCHEMES = {
    "sold while the event asked for one name": (
        "given_family",
        {"_scheme": "full", "full_name": "Ann Lee"},
        ("Ann", "Lee"),
    ),
    "the event asks for one name by now": (
        "full",
        {"_scheme": "given_family", "given_name": "Ann", "family_name": "van der Lee"},
        ("Ann", "van der Lee"),
    ),
    "a calling name": (
        "given_family",
        {"_scheme": "calling_full", "calling_name": "Annie", "full_name": "Ann Mary Lee"},
        ("Ann Mary", "Lee"),
    ),
    "a transcription": (
        "given_family",
        {"_scheme": "full_transcription", "full_name": "Jo Roe", "latin_transcription": "JO ROE"},
        ("Jo", "Roe"),
    ),
    "a title": (
        "given_family",
        {"_scheme": "title_given_family", "title": "Dr", "given_name": "Ann", "family_name": "Lee"},
        ("Ann", "Lee"),
    ),
    "a salutation, and only a family name": (
        "given_family",
        {"_scheme": "salutation_given_family", "salutation": "Mrs", "given_name": "", "family_name": "Lee"},
        (None, "Lee"),
    ),
    "family name first, by parts": (
        "full",
        {"_scheme": "family_given", "family_name": "Kim", "given_name": "Min-jun"},
        ("Min-jun", "Kim"),
    ),
    "family name first, one text": ("family_given", {"_legacy": "Kim Min-jun"}, ("Min-jun", "Kim")),
    "family name first with a comma, one text": ("family_comma_given", {"_legacy": "van Roe, Jo"}, ("Jo", "van Roe")),
    "without a space, one text": ("family_nospace_given", {"_legacy": "孫文"}, ("孫文", None)),
    "a degree, one text": ("salutation_title_given_family_degree", {"_legacy": "Jo Roe, MA"}, ("Jo", "Roe")),
    "a scheme that pretix dropped": (
        "given_family",
        {"_scheme": "gone", "given_name": "Ann", "family_name": "Lee"},
        ("Ann", "Lee"),
    ),
    "no scheme at all": ("given_family", {"given_name": "Ann", "family_name": "Lee"}, ("Ann", "Lee")),
}


@pytest.mark.parametrize(("scheme", "parts", "expected"), SCHEMES.values(), ids=SCHEMES)
def test_parts_are_taken_where_they_are_stored_else_split(story, scheme, parts, expected):
    story.event.settings.name_scheme = scheme
    order = story.order("A1", attendees=[("ann@example.org", "", "")], queue=False)
    order.positions.update(attendee_name_parts=parts, attendee_name_cached="Ann Lee")
    InvoiceAddress.objects.filter(order=order).update(name_parts=parts, name_cached="Ann Lee")
    story.queue(order)
    story.sync()
    assert names(story) == {"ann@example.org": expected, "buyer-a1@example.org": expected}


@pytest.mark.parametrize("scheme", ["given_family", "title_given_family", "salutation_given_family", "calling_full"])
def test_an_optional_name_that_was_left_blank_is_that_of_the_ticket(story, map_names, scheme):
    """What pretix's form stores for a blank name is no empty dictionary."""
    map_names("overwrite")
    field = NamePartsFormField(scheme=scheme, titles=None, required=False)
    blank = field.clean([""] * len(field.fields))
    story.simulator.record("contacts", email="ann@example.org", firstname="Ann", lastname="Lee")
    order = story.order("A1", attendees=[ANN], queue=False)
    add_on(story, order, blank)
    story.queue(order)
    story.sync()
    assert names(story)["ann@example.org"] == ("Ann", "Lee")


def test_a_title_alone_is_no_name_and_a_name_is_taken_whole(story, map_names):
    map_names("overwrite")
    order = story.order("A1", attendees=[ANN], queue=False)
    add_on(story, order, {"_scheme": "title_given_family", "title": "Dr", "given_name": "", "family_name": ""})
    add_on(story, order, {"_scheme": "given_family", "given_name": "Bo", "family_name": ""}, email="bo@example.org")
    story.queue(order)
    story.sync()
    found = names(story)
    assert (found["ann@example.org"], found["bo@example.org"]) == (("Ann", "Lee"), ("Bo", None))


def add_on(story, order, parts, email=None):
    OrderPosition.objects.create(
        order=order,
        item=story.event.ticket,
        positionid=order.positions.count() + 1,
        price=Decimal("5"),
        tax_rate=Decimal("0"),
        tax_value=Decimal("0"),
        addon_to=order.positions.first(),
        attendee_email=email,
        attendee_name_parts=parts,
    )


def test_mappings_outlive_a_change_of_the_events_scheme(story):
    """A title is mapped, and the event stops asking for titles: those that were given are still sent."""
    story.event.settings.name_scheme = "title_given_family"
    attendee = story.event.hubspot_object_mappings.get(pretix_model="OrderPosition")
    story.add_rows(
        attendee,
        ("attendee_name_title", "salutation", "overwrite"),
        ("attendee_name_full_name", "jobtitle", "overwrite"),
    )
    parts = {"_scheme": "title_given_family", "title": "Dr", "given_name": "Ann", "family_name": "Lee"}
    order = story.order("A1", attendees=[ANN], queue=False)
    order.positions.update(attendee_name_parts=parts)
    story.event.settings.name_scheme = "given_family"
    story.queue(order)
    story.sync()
    [ann] = story.world(contacts=["email", "salutation", "jobtitle"])["contacts"][:1]
    assert (ann["email"], ann["salutation"], ann["jobtitle"]) == ("ann@example.org", "Dr", "Dr Ann Lee")
