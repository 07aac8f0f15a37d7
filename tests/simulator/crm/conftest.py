"""A portal with custom properties of every type."""

import pytest


def custom(api, name, type_name, field_type, **more):
    body = {
        "name": name,
        "label": name,
        "type": type_name,
        "fieldType": field_type,
        "groupName": "contactinformation",
        **more,
    }
    return api.post("/crm/properties/V/contacts", body)


@pytest.fixture
def typed(api, sim):
    """One custom property of every type."""
    options = [
        {"label": value.upper(), "value": value, "displayOrder": order, "hidden": False}
        for order, value in enumerate("abc")
    ]
    yes_no = [{"label": value, "value": value, "displayOrder": 0, "hidden": False} for value in ("true", "false")]
    for name, kind, field, choices in (
        ("a_number", "number", "number", None),
        ("a_date", "date", "date", None),
        ("a_datetime", "datetime", "date", None),
        ("a_bool", "bool", "booleancheckbox", yes_no),
        ("a_choice", "enumeration", "select", options),
        ("some_choices", "enumeration", "checkbox", options),
    ):
        assert custom(api, name, kind, field, **({"options": choices} if choices else {})).status_code == 201
    sim.clock.advance(1)
