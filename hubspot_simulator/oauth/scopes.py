"""The scopes that the simulator knows, and no others (hubspot.md 2.4 and 16)."""

_OBJECTS = (
    "contacts",
    "companies",
    "deals",
    "line_items",
    "products",
    "orders",
    "carts",
    "owners",
    "custom",
    "marketing_events",
    "tickets",
    "leads",
)
_SCHEMAS = ("contacts", "companies", "deals", "orders", "carts", "custom", "tickets", "leads")
KNOWN = (
    {"oauth", "tickets", "e-commerce", "tax_rates.read", "settings.currencies.read", "multi-currency-read"}
    | {f"crm.objects.{name}.{action}" for name in _OBJECTS for action in ("read", "write")}
    | {f"crm.schemas.{name}.{action}" for name in _SCHEMAS for action in ("read", "write")}
    | {"crm.schemas.line_items.read"}
    | {f"crm.{part}.{action}" for part in ("lists", "pipelines.orders") for action in ("read", "write")}
    | {"communication_preferences.read", "communication_preferences.write", "communication_preferences.read_write"}
)
ENTERPRISE_ONLY = {name for name in KNOWN if ".custom." in name}
PROFESSIONAL = {name for name in KNOWN if ".leads." in name}


def granted(wanted: set[str], tier: str) -> set[str]:
    """What an account of this tier can grant; optional scopes beyond it are dropped in silence (hubspot.md 2.2, A)."""
    if tier == "enterprise":
        return wanted
    return wanted - ENTERPRISE_ONLY - (PROFESSIONAL if tier in ("free", "starter") else set())
