"""Property definitions, groups and format rules (hubspot.md 6.1)."""

from hubspot_simulator.http import reading
from hubspot_simulator.http.batching import envelope, inputs
from hubspot_simulator.http.request import Call, Reply
from hubspot_simulator.http.routing import Routes
from hubspot_simulator.problems import INVALID, MISSING, BatchError, Problem, missing_scopes

from . import rendering
from .definitions import Group, Option, Property

ROUTES = Routes()
READ_QUERY = ("archived", "dataSensitivity", "locale", "properties")
HINTS = (
    "externalOptions",
    "referencedObjectType",
    "dataSensitivity",
    "calculationFormula",
    "numberDisplayHint",
    "showCurrencySymbol",
    "currencyPropertyName",
    "textDisplayHint",
)
NAMES = {
    "label": "label",
    "type": "type",
    "fieldType": "field_type",
    "groupName": "group",
    "description": "description",
    "displayOrder": "display_order",
    "hidden": "hidden",
    "formField": "form_field",
}
CREATE = ("name", *NAMES, "options", "hasUniqueValue", *HINTS)
REQUIRED = ("name", "label", "type", "fieldType", "groupName")
OPTION = ("label", "value", "displayOrder", "hidden", "description")


def require_read(call: Call) -> None:
    """Readable with the schema's read scope or any scope of the object (hubspot.md 2.4, B)."""
    kind = call.kind
    schema_read = kind.schema_scopes[0].replace(".write", ".read")
    call.require(schema_read, *kind.read_scopes, *kind.write_scopes)


def require_write(call: Call) -> None:
    if not set(call.kind.schema_scopes) & set(call.grant.scopes):
        raise missing_scopes([call.kind.schema_scopes[-1]])


@ROUTES.add("GET", "properties", "{type}", "schema", READ_QUERY)
def list_properties(call: Call) -> Reply:
    require_read(call)
    found = call.portal.schema.listed(call.kind.name, call.flag("archived"))
    if call.text("dataSensitivity", "non_sensitive") != "non_sensitive":
        found = []
    return Reply(200, {"results": [rendering.definition(call.portal, call.kind.name, entry) for entry in found]})


@ROUTES.add("POST", "properties", "{type}", "schema")
def create_property(call: Call) -> Reply:
    require_write(call)
    entry = call.portal.schema.create(call.kind.name, _property(call, call.body))
    return Reply(201, rendering.definition(call.portal, call.kind.name, entry))


@ROUTES.add("GET", "properties", "{type}/groups", "schema", ("locale",))
def list_groups(call: Call) -> Reply:
    require_read(call)
    return Reply(200, {"results": [rendering.group(entry) for entry in call.portal.schema.groups(call.kind.name)]})


@ROUTES.add("POST", "properties", "{type}/groups", "schema")
def create_group(call: Call) -> Reply:
    require_write(call)
    body = call.take(call.body, ("name", "label", "displayOrder"), ("name", "label"))
    name, label = reading.text(body["name"], "name"), reading.text(body["label"], "label")
    entry = Group(name, label, reading.order(body.get("displayOrder", -1)))
    return Reply(201, rendering.group(call.portal.schema.create_group(call.kind.name, entry)))


@ROUTES.add("GET", "properties", "{type}/groups/{name}", "schema", ("locale",))
def get_group(call: Call) -> Reply:
    require_read(call)
    return Reply(200, rendering.group(call.portal.schema.group(call.kind.name, call.params["name"])))


@ROUTES.add("PATCH", "properties", "{type}/groups/{name}", "schema")
def change_group(call: Call) -> Reply:
    require_write(call)
    body = call.take(call.body, ("label", "displayOrder"), ())
    entry = call.portal.schema.group(call.kind.name, call.params["name"])
    entry.label = str(body.get("label", entry.label))
    entry.display_order = reading.order(body.get("displayOrder", entry.display_order))
    return Reply(200, rendering.group(entry))


@ROUTES.add("DELETE", "properties", "{type}/groups/{name}", "schema")
def archive_group(call: Call) -> Reply:
    require_write(call)
    call.portal.schema.archive_group(call.kind.name, call.params["name"])
    return Reply(204)


@ROUTES.add("POST", "properties", "{type}/batch/create", "schema")
def create_batch(call: Call) -> Reply:
    require_write(call)
    made, errors = [], []
    for entry in [_property(call, item) for item in inputs(call, CREATE, REQUIRED)]:
        try:
            made.append(call.portal.schema.create(call.kind.name, entry))
        except Problem as problem:
            errors.append(BatchError(problem, {"name": [entry.name]}))
    return _batch(call, made, 201, errors)


@ROUTES.add("POST", "properties", "{type}/batch/read", "schema", ("locale",))
def read_batch(call: Call) -> Reply:
    require_read(call)
    required = () if call.legacy else ("archived", "dataSensitivity")
    call.take(call.body, ("archived", "dataSensitivity", "inputs"), required)
    wanted = inputs(call, ("name",), ("name",), ("archived", "dataSensitivity", "inputs"))
    listed = {entry.name: entry for entry in call.portal.schema.listed(call.kind.name, bool(call.body.get("archived")))}
    names = [reading.text(item["name"], "name") for item in wanted]
    missing = [BatchError(_missing(name), {"name": [name]}) for name in names if name not in listed]
    return _batch(call, [listed[name] for name in names if name in listed], 200, missing)


@ROUTES.add("POST", "properties", "{type}/batch/archive", "schema")
def archive_batch(call: Call) -> Reply:
    require_write(call)
    for item in inputs(call, ("name",), ("name",)):
        name = reading.text(item["name"], "name")
        if call.portal.schema.find(call.kind.name, name) is not None:
            call.portal.schema.archive(call.kind.name, name)
    return Reply(204)


@ROUTES.add("GET", "properties", "{type}/{name}", "schema", READ_QUERY)
def get_property(call: Call) -> Reply:
    require_read(call)
    entry = call.portal.schema.get(call.kind.name, call.params["name"], call.flag("archived"))
    return Reply(200, rendering.definition(call.portal, call.kind.name, entry))


@ROUTES.add("PATCH", "properties", "{type}/{name}", "schema")
def change_property(call: Call) -> Reply:
    """``options`` replace the whole list, ``hasUniqueValue`` is ignored (hubspot.md 6.1, B)."""
    require_write(call)
    body = call.take(call.body, (*NAMES, "options", "hasUniqueValue", *HINTS), ())
    entry = call.portal.schema.find(call.kind.name, call.params["name"])
    if entry is not None and entry.hubspot_defined and set(body) - {"options", "displayOrder", "hidden"}:
        raise Problem(INVALID, f'The definition of property "{entry.name}" is read only', "VALIDATION_ERROR")
    changes = _plain(body)
    if "options" in body:
        changes["options"] = [_option(call, item) for item in reading.listed(body["options"], "options")]
    if entry is not None and set(body) & set(HINTS):
        changes["hints"] = entry.hints | {name: body[name] for name in HINTS if name in body}
    changed = call.portal.schema.change(call.kind.name, call.params["name"], **changes)
    return Reply(200, rendering.definition(call.portal, call.kind.name, changed))


@ROUTES.add("DELETE", "properties", "{type}/{name}", "schema")
def archive_property(call: Call) -> Reply:
    require_write(call)
    call.portal.schema.archive(call.kind.name, call.params["name"])
    return Reply(204)


@ROUTES.add("GET", "property-validations", "{type}", "schema")
def list_rules(call: Call) -> Reply:
    require_read(call)
    results = [
        {"propertyName": entry.name, "propertyValidationRules": _rules(entry)}
        for entry in call.portal.schema.listed(call.kind.name)
        if entry.rules
    ]
    return Reply(200, {"results": results})


@ROUTES.add("GET", "property-validations", "{type}/{name}", "schema")
def get_rules(call: Call) -> Reply:
    require_read(call)
    entry = call.portal.schema.get(call.kind.name, call.params["name"])
    return Reply(200, {"results": _rules(entry)})


def _rules(entry: Property) -> list[dict]:
    return [
        {"ruleType": rule_type, "ruleArguments": arguments, "shouldApplyNormalization": False}
        for rule_type, arguments in entry.rules
    ]


def _property(call: Call, raw: object) -> Property:
    body = call.take(raw, CREATE, REQUIRED)
    values = _plain(body)
    return Property(
        name=str(body["name"]),
        unique=bool(body.get("hasUniqueValue", False)),
        options=[_option(call, item) for item in reading.listed(body.get("options") or [], "options")],
        hints={name: body[name] for name in HINTS if name in body},
        **values,
    )


def _plain(body: dict) -> dict[str, object]:
    """The attributes that a definition has in HubSpot and here, checked for their kind."""
    kinds = {
        "displayOrder": lambda value, name: reading.order(value),
        "hidden": lambda value, name: bool(value),
        "formField": lambda value, name: bool(value),
    }
    return {
        attribute: kinds.get(name, reading.text)(body[name], name)
        for name, attribute in NAMES.items()
        if body.get(name) is not None
    }


def _option(call: Call, raw: object) -> Option:
    item = call.take(raw, OPTION, ("label", "value", "displayOrder", "hidden"))
    value, label = reading.text(item["value"], "value"), reading.text(item["label"], "label")
    description = reading.optional(item.get("description"), "description")
    return Option(value, label, reading.order(item["displayOrder"]), bool(item["hidden"]), description)


def _missing(name: str) -> Problem:
    return Problem(MISSING, f'Property "{name}" does not exist', "OBJECT_NOT_FOUND", "Properties.PROPERTY_NOT_FOUND")


def _batch(call: Call, found: list[Property], ok: int, errors: list[BatchError]) -> Reply:
    return envelope(call, [rendering.definition(call.portal, call.kind.name, entry) for entry in found], errors, ok)
