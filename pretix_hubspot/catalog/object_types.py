"""HubSpot's own object types: their names, and the scopes that they need.

A standard type is known by its plural name ("contacts"), a custom one by its type id ("2-123456"); see ``key``.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pretix_hubspot.hubspot.data import ObjectType


@dataclass(frozen=True)
class StandardType:
    """``scopes`` are alternatives; each alternative is a set that has to be granted completely."""

    name: str
    type_id: str
    singular: str
    plural: str
    primary_property: str
    scopes: tuple[frozenset[str], ...]
    stage_properties: tuple[str, str] | None = None

    def granted(self, scopes) -> bool:
        """Whether ``scopes`` suffice; an empty list means unknown scopes, and HubSpot itself has to refuse."""
        return not scopes or any(alternative <= set(scopes) for alternative in self.scopes)


def _granular(name: str) -> frozenset[str]:
    return frozenset({f"crm.objects.{name}.read", f"crm.objects.{name}.write"})


_HS_STAGES = ("hs_pipeline", "hs_pipeline_stage")
_E_COMMERCE = frozenset({"e-commerce"})

STANDARD: dict[str, StandardType] = {
    entry.name: entry
    for entry in (
        StandardType("contacts", "0-1", _("Contact"), _("Contacts"), "email", (_granular("contacts"),)),
        StandardType(
            "companies",
            "0-2",
            pgettext_lazy("HubSpot object type", "Company"),
            _("Companies"),
            "name",
            (_granular("companies"),),
        ),
        StandardType(
            "deals", "0-3", _("Deal"), _("Deals"), "dealname", (_granular("deals"),), ("pipeline", "dealstage")
        ),
        StandardType(
            "tickets",
            "0-5",
            # In pretix, tickets are what people buy.
            _("Ticket (customer service)"),
            _("Tickets (customer service)"),
            "subject",
            (frozenset({"tickets"}), _granular("tickets")),
            _HS_STAGES,
        ),
        StandardType("products", "0-7", _("Product"), _("Products"), "name", (_granular("products"), _E_COMMERCE)),
        StandardType(
            "line_items", "0-8", _("Line item"), _("Line items"), "name", (_granular("line_items"), _E_COMMERCE)
        ),
        StandardType(
            "orders",
            "0-123",
            pgettext_lazy("HubSpot object type", "Order"),
            pgettext_lazy("HubSpot object type", "Orders"),
            "hs_order_name",
            (_granular("orders"),),
            _HS_STAGES,
        ),
        StandardType("leads", "0-136", _("Lead"), _("Leads"), "hs_lead_name", (_granular("leads"),), _HS_STAGES),
        StandardType("carts", "0-142", _("Cart"), _("Carts"), "hs_cart_name", (_granular("carts"),)),
        StandardType("services", "0-162", _("Service"), _("Services"), "hs_name", (_granular("services"),), _HS_STAGES),
        StandardType(
            "courses", "0-410", _("Course"), _("Courses"), "hs_course_name", (_granular("courses"),), _HS_STAGES
        ),
    )
}
ALWAYS = ("contacts", "companies", "deals")  # offered before the portal is asked, in this order
CUSTOM_SCOPES = frozenset({"crm.objects.custom.read", "crm.objects.custom.write"})


def is_granted(object_type_key: str, scopes) -> bool:
    """Whether ``scopes`` suffice for an object type; an empty list means unknown scopes, and HubSpot itself has to
    refuse.
    """
    entry = STANDARD.get(object_type_key)
    return entry.granted(scopes) if entry else not scopes or set(scopes) >= CUSTOM_SCOPES


def key(object_type: ObjectType) -> str:
    """The name of an object type in mappings, paths and the catalogue."""
    return object_type.type_id if object_type.custom else object_type.name


def standard(name: str) -> ObjectType:
    """A standard type as the catalogue returns it, named in the reader's language."""
    entry = STANDARD[name]
    return ObjectType(
        type_id=entry.type_id,
        name=entry.name,
        singular=str(entry.singular),
        plural=str(entry.plural),
        primary_property=entry.primary_property,
        custom=False,
    )


def stage_properties(object_type_key: str) -> tuple[str, str]:
    """The properties that hold pipeline and stage; deals alone lack the prefix (hubspot.md 8)."""
    entry = STANDARD.get(object_type_key)
    return entry.stage_properties if entry and entry.stage_properties else _HS_STAGES


def type_id(object_type: str) -> str:
    """The id that addresses of records use: "0-1" for contacts; custom types are named by theirs."""
    return STANDARD[object_type].type_id if object_type in STANDARD else object_type
