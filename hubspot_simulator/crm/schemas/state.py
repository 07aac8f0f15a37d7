"""The object types of a portal: names, ids, scopes and the little rules that differ between them."""

from dataclasses import dataclass

from hubspot_simulator.problems import FORBIDDEN, Problem, invalid

CUSTOM_TYPE_ID = "2-48100123"


@dataclass(frozen=True)
class ObjectType:
    """One kind of record (hubspot.md 1.2, 2.4, 5.1, 5.8, 9).

    ``required_any`` is a list of groups; of each group one property must be set on create.
    """

    name: str
    singular: str
    type_id: str
    label: str
    plural_label: str
    read_scopes: tuple[str, ...]
    write_scopes: tuple[str, ...]
    schema_scopes: tuple[str, ...]
    display: tuple[str, ...]
    created_property: str = "hs_createdate"
    modified_property: str = "hs_lastmodifieddate"
    default_properties: tuple[str, ...] = ()
    required_any: tuple[tuple[str, ...], ...] = ()
    pipeline_property: str | None = None
    stage_property: str | None = None
    first_id: int = 1
    extra_names: tuple[str, ...] = ()

    @property
    def always_returned(self) -> tuple[str, ...]:
        return (*self.default_properties, self.created_property, self.modified_property, "hs_object_id")


def _scopes(name: str, action: str, *alternatives: str) -> tuple[str, ...]:
    return (f"crm.objects.{name}.{action}", *alternatives)


def _standard(name: str, singular: str, type_id: str, labels: tuple[str, str], **rest: object) -> ObjectType:
    alternatives = ("e-commerce",) if name in ("products", "line_items") else ()
    return ObjectType(
        name=name,
        singular=singular,
        type_id=type_id,
        label=labels[0],
        plural_label=labels[1],
        read_scopes=_scopes(name, "read", *alternatives),
        write_scopes=_scopes(name, "write", *alternatives),
        schema_scopes=alternatives or (f"crm.schemas.{name}.write",),
        **rest,
    )


CONTACT = _standard(
    "contacts",
    "contact",
    "0-1",
    ("Contact", "Contacts"),
    display=("email", "firstname", "lastname"),
    created_property="createdate",
    modified_property="lastmodifieddate",
    default_properties=("email", "firstname", "lastname"),
    required_any=(("email", "firstname", "lastname"),),
    first_id=171_591_000_101,
)
COMPANY = _standard(
    "companies",
    "company",
    "0-2",
    ("Company", "Companies"),
    display=("name", "domain"),
    created_property="createdate",
    required_any=(("name", "domain"),),
    first_id=29_210_400_301,
)
DEAL = _standard(
    "deals",
    "deal",
    "0-3",
    ("Deal", "Deals"),
    display=("dealname", "dealstage", "amount"),
    created_property="createdate",
    required_any=(("dealname",), ("dealstage",)),
    pipeline_property="pipeline",
    stage_property="dealstage",
    first_id=45_870_200_501,
)
TICKET = ObjectType(
    name="tickets",
    singular="ticket",
    type_id="0-5",
    label="Ticket",
    plural_label="Tickets",
    read_scopes=("tickets", "crm.objects.tickets.read"),
    write_scopes=("tickets", "crm.objects.tickets.write"),
    schema_scopes=("tickets", "crm.schemas.tickets.write"),
    display=("subject", "hs_pipeline_stage"),
    created_property="createdate",
    required_any=(("subject",), ("hs_pipeline_stage",)),
    pipeline_property="hs_pipeline",
    stage_property="hs_pipeline_stage",
    first_id=24_310_700_701,
)
PRODUCT = _standard(
    "products",
    "product",
    "0-7",
    ("Product", "Products"),
    display=("name", "price", "hs_sku"),
    created_property="createdate",
    first_id=19_820_100_901,
)
LINE_ITEM = _standard(
    "line_items",
    "line_item",
    "0-8",
    ("Line item", "Line items"),
    display=("name", "quantity", "price"),
    created_property="createdate",
    first_id=33_440_300_111,
    extra_names=("line item", "line items"),
)
ORDER = _standard(
    "orders",
    "order",
    "0-123",
    ("Order", "Orders"),
    display=("hs_order_name", "hs_pipeline_stage", "hs_total_price"),
    required_any=(("hs_order_name",),),
    pipeline_property="hs_pipeline",
    stage_property="hs_pipeline_stage",
    first_id=418_100_500_131,
)
SESSION = ObjectType(
    name="event_sessions",
    singular="event_session",
    type_id=CUSTOM_TYPE_ID,
    label="Event session",
    plural_label="Event sessions",
    read_scopes=("crm.objects.custom.read",),
    write_scopes=("crm.objects.custom.write",),
    schema_scopes=("crm.schemas.custom.write",),
    display=("session_name", "session_start"),
    required_any=(("session_name",),),
    first_id=27_310_800_151,
)
STANDARD = (CONTACT, COMPANY, DEAL, TICKET, PRODUCT, LINE_ITEM, ORDER)


class ObjectTypes:
    """Finds a type by any of its names, in any letter case (hubspot.md 1.2, B)."""

    def __init__(self, portal_id: int):
        self.portal_id = portal_id
        self.all: list[ObjectType] = [*STANDARD, SESSION]
        self.disabled: set[str] = set()
        self._index: dict[str, ObjectType] = {}
        for entry in self.all:
            self._register(entry)

    def _register(self, entry: ObjectType) -> None:
        names = {entry.name, entry.singular, entry.type_id, *entry.extra_names}
        names |= {name.replace("_", "") for name in (entry.name, entry.singular)}
        if self.is_custom(entry):
            names |= {self.qualified(entry), f"p_{entry.singular}"}
        for name in names:
            self._index[name.lower()] = entry

    def is_custom(self, entry: ObjectType) -> bool:
        return entry.type_id.startswith("2-")

    def qualified(self, entry: ObjectType) -> str:
        return f"p{self.portal_id}_{entry.singular}"

    def find(self, name: str) -> ObjectType:
        """The type; unknown names give 400, switched-off types 403 (hubspot.md 1.2 B, 9 A)."""
        entry = self._index.get(name.lower())
        if entry is None:
            raise invalid(f"Unable to infer object type from: {name}")
        if entry.name in self.disabled:
            raise Problem(FORBIDDEN, f"Object type {entry.type_id} is not enabled for this account", "FORBIDDEN")
        return entry
