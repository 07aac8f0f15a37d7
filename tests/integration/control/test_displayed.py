"""Values as people see them in HubSpot, in two languages."""

import pytest
from django.utils import timezone, translation

from pretix_hubspot.catalog.display import Shown, shown
from pretix_hubspot.hubspot.data import Option, PropertyDefinition

STAGES = {"dealstage": {"closedwon": "Closed Won"}}
OPTIONS = (Option("a", "Apple"), Option("b", "Banana"))


def of(kind, field_type="text", name="p", options=()):
    return PropertyDefinition(name, "Property", kind, field_type, options=options)


@pytest.mark.parametrize(
    ("definition", "value", "english", "german"),
    [
        (of("string"), "true", Shown("true"), Shown("true")),
        (of("string"), "", Shown(""), Shown("")),
        (of("enumeration", "select", "dealstage"), "closedwon", Shown("Closed Won", "closedwon"), None),
        (of("enumeration", "select", "dealstage"), "gone", Shown("gone"), None),
        (of("enumeration", "select", options=OPTIONS), "a", Shown("Apple", "a"), None),
        (of("enumeration", "select", options=OPTIONS), "c", Shown("c"), None),
        (of("enumeration", "checkbox", options=OPTIONS), "b;a;c", Shown("Banana; Apple; c", "b;a;c"), None),
        (of("bool", "booleancheckbox"), "true", Shown("Yes", "true"), Shown("Ja", "true")),
        (of("bool", "booleancheckbox", options=(Option("false", "Never"),)), "false", Shown("Never", "false"), None),
        (of("number"), "100.00", Shown("100"), Shown("100")),
        (of("number"), "1234.50", Shown("1234.5"), Shown("1234,5")),
        (of("number"), "300", Shown("300"), Shown("300")),
        (of("number"), "many", Shown("many"), Shown("many")),
        (of("number"), "", Shown(""), Shown("")),
        (of("date", "date"), "2027-06-30", Shown("2027-06-30"), Shown("30.06.2027", "2027-06-30")),
        (of("date", "date"), "1812896400000", Shown("1812896400000"), None),
        (
            of("datetime", "date"),
            "2027-06-30T22:30:00Z",
            Shown("2027-07-01 00:30", "2027-06-30T22:30:00Z"),
            Shown("01.07.2027 00:30", "2027-06-30T22:30:00Z"),
        ),
        (of("datetime", "date"), "soon", Shown("soon"), None),
        (of("object_coordinates"), "1", Shown("1"), None),
    ],
)
def test_shown(definition, value, english, german):
    """Without an expectation of its own, German is as English: labels are in the portal's language."""
    with timezone.override("Europe/Berlin"):
        assert shown(value, definition, STAGES) == english
        with translation.override("de"):
            assert shown(value, definition, STAGES) == (german or english)
