"""Property definitions as data (hubspot.md 6.1)."""

from dataclasses import dataclass, field, replace

FIELD_TYPES = {
    "bool": {"booleancheckbox", "calculation_equation"},
    "enumeration": {"select", "radio", "checkbox", "booleancheckbox", "calculation_equation"},
    "date": {"date"},
    "datetime": {"date"},
    "string": {"text", "textarea", "html", "file", "phonenumber", "calculation_equation"},
    "number": {"number", "calculation_equation"},
    "phone_number": {"phonenumber"},
}
UNIQUE_TYPES = {"string", "number", "phone_number"}


@dataclass(frozen=True)
class Option:
    """One allowed value of an enumeration."""

    value: str
    label: str
    display_order: int = -1
    hidden: bool = False
    description: str = ""


@dataclass(slots=True)
class Property:
    """One property of one object type, with what the portal's admins attached to it.

    ``options_from`` names the part of the portal that lists the options: ``pipelines``, ``stages``, ``owners``
    or ``currencies``.
    ``rules`` are portal format rules as (type, arguments); they apply in every version (hubspot.md 1.3).
    ``required`` and ``required_when`` are enforced from 2026-09 on.
    """

    name: str
    label: str
    type: str
    field_type: str
    group: str
    description: str = ""
    options: list[Option] = field(default_factory=list)
    display_order: int = -1
    unique: bool = False
    hidden: bool = False
    form_field: bool = False
    calculated: bool = False
    hubspot_defined: bool = False
    read_only: bool = False
    archivable: bool = True
    archived_at: float | None = None
    created_at: float = 0.0
    updated_at: float = 0.0
    visible_at: float = 0.0
    value_format: str = ""
    options_from: str = ""
    rules: list[tuple[str, list[str]]] = field(default_factory=list)
    required: bool = False
    required_when: tuple[str, str] | None = None
    hints: dict[str, object] = field(default_factory=dict)

    @property
    def multiple(self) -> bool:
        return self.field_type == "checkbox"

    def copy(self, **changes: object) -> "Property":
        own = {"options": list(self.options), "rules": list(self.rules), "hints": dict(self.hints)}
        return replace(self, **(own | changes))


@dataclass
class Group:
    """A property group; ``archived`` ones are gone from lists."""

    name: str
    label: str
    display_order: int = -1
    hubspot_defined: bool = False


def options(*values: str) -> list[Option]:
    """Options in order, from ``"value"`` or ``"value|Label"``."""
    made = []
    for order, text in enumerate(values):
        value, _, label = text.partition("|")
        made.append(Option(value, label or value, order))
    return made


def field_type_fits(type_name: str, field_type: str) -> bool:
    return field_type in FIELD_TYPES.get(type_name, set())
