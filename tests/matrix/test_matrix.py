"""Every pretix type × every type of HubSpot property × every mode, through the engine into the simulator.

The expectations are written by hand in ``expectations``: what the editor warns of, and what HubSpot holds afterwards.
"""

import pytest
from pretix.base.models import Question

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.mappings.editing import EditorSetup
from pretix_hubspot.mappings.stored import StoredRow
from pretix_hubspot.values.convert import warning

from . import expectations
from .shop import ANSWER, Shop
from .tables import BEFORE, FIELDS, LEFT_OUT, MODES, expected, held, hints, lines, properties, seen, warned, word

pytestmark = [pytest.mark.matrix, pytest.mark.django_db]

PROPERTIES = [name for name, *_ in properties()]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_every_value(stage, field, mode):
    cells = [(name, sample, before) for name in PROPERTIES for sample in field.samples for before in BEFORE]
    shop = Shop(stage, field, mode, PROPERTIES)
    assert warnings(shop, field, mode) == {name: warned(field, name, mode) for name in PROPERTIES}
    shop.sell(cells)
    shop.send()
    found = outcome(shop, cells)
    assert surprises(found, field, mode) == []
    assert misread(shop, cells, found, field) == []
    if mode in ("overwrite", "append"):
        written = dict(stage.simulator.portal.writes)
        shop.send()
        assert dict(stage.simulator.portal.writes) == written, "what HubSpot holds as it should is not sent again"
    assert not stage.simulator.bugs


def warnings(shop, field, mode):
    """The code of the editor's warning for each property, "-" where its symbol is not shown."""
    setup = EditorSetup(shop.mappings[0], Catalog(shop.story.connection))
    source = setup.fields.get(ANSWER)
    found = {}
    for name, mapping in zip(PROPERTIES, shop.mappings, strict=True):
        refusal = warning(source.type, setup.definitions[name], mode, source.synonyms) if source else None
        [row] = mapping.property_mappings
        shown = setup.notes(StoredRow.from_json(row))
        found[name] = (refusal.code if refusal else "unknown_field") if shown else "-"
    return found


def surprises(found, field, mode):
    """Cells that came out differently, short enough to be read."""
    told = []
    for (name, sample, before), text in found.items():
        wanted = expected(field, name, sample, mode, before)
        if text != wanted:
            told.append(f"{sample} in {name}, {before}: {text[:50]!r} instead of {wanted[:50]!r}")
    return told


def misread(shop, cells, found, field):
    """Cells of which a person sees something else, among those that hold what is new."""
    told = []
    for place, (name, sample, before) in enumerate(cells):
        stored = field.expected[name].stored[sample]
        if sample not in field.expected[name].seen or found[name, sample, before] != word(stored):
            continue
        simulator = shop.story.simulator
        shown = simulator.shown(simulator.portal.find("contacts", "email", shop.address(place)), name)
        wanted = seen(field, name, sample)
        if shown != wanted:
            told.append(f"{sample} in {name}, {before}: {shown[:50]!r} is seen instead of {wanted[:50]!r}")
    return told


def outcome(shop, cells):
    """What each property holds, or "!code"; a contact whose value was refused must be as it was."""
    refused, portal = shop.refusals(), shop.story.simulator.portal
    found = {}
    for place, (cell, position) in enumerate(zip(cells, shop.positions, strict=True)):
        name, _, before = cell
        contact = portal.find("contacts", "email", shop.address(place))
        if position.pk in refused:
            found[cell] = f"!{refused[position.pk]}"
            assert (contact.get(name) if contact else None) == (held(name, before) if before != BEFORE[0] else None)
        else:
            found[cell] = contact.get(name) if contact else "nothing was sent"
    return found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_every_warning_has_a_refused_value_and_no_other_pair_has_one(field, mode):
    for name in PROPERTIES:
        outcomes = [expected(field, name, sample, mode, before) for sample in field.samples for before in BEFORE]
        left_out = LEFT_OUT in field.expected[name].stored.values()
        refused = left_out or any(text.startswith("!") for text in outcomes)
        assert refused == (warned(field, name, mode) != "-"), name


def test_no_type_is_forgotten():
    assert {field.type for field in FIELDS} == {kind for kind, _ in Question.TYPE_CHOICES}
    assert all(list(field.expected) and set(field.expected) == set(PROPERTIES) for field in FIELDS)
    assert set(hints().values()) == {"currency", "percentage", "duration"}
    assert {(kind, field_type) for _, kind, field_type, *_ in lines(expectations.PROPERTIES)} == {
        ("bool", "booleancheckbox"),
        ("bool", "calculation_equation"),
        ("enumeration", "select"),
        ("enumeration", "radio"),
        ("enumeration", "checkbox"),
        ("enumeration", "booleancheckbox"),
        ("enumeration", "calculation_equation"),
        ("date", "date"),
        ("datetime", "date"),
        ("string", "text"),
        ("string", "textarea"),
        ("string", "html"),
        ("string", "file"),
        ("string", "phonenumber"),
        ("string", "calculation_equation"),
        ("number", "number"),
        ("number", "calculation_equation"),
        ("phone_number", "phonenumber"),
    }
