"""The scopes that we ask for, the features that need them, and the scopes that a connection lacks.

The HubSpot app must list ``REQUIRED_SCOPES`` as required and ``OPTIONAL_SCOPES`` as optional: HubSpot refuses an
authorization whose required scopes differ from the app's, or that asks for any scope that the app does not list
(hubspot.md 16), on a page of its own that leads nowhere. An operator whose app lists fewer configures fewer.
HubSpot drops optional scopes silently that the account's subscription lacks, so the granted scopes are checked
afterwards.

We ask for the scopes of all features at once, so that no organizer has to connect again for a feature. Every name is
one of HubSpot's own list: ``crm.schemas.products.write`` and ``crm.schemas.line_items.write`` do not exist, and their
properties take ``e-commerce`` (hubspot.md 2.4 and 16).
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

BASE_SCOPE = "oauth"  # granted implicitly; HubSpot does not always list it for static tokens
REQUIRED_SCOPES = (BASE_SCOPE, "crm.objects.contacts.read", "crm.objects.contacts.write")

OWNERS_SCOPE = "crm.objects.owners.read"


@dataclass(frozen=True)
class Feature:
    """A feature that works only with all of ``scopes``; ``lost`` says to an organizer what does not work without."""

    scopes: tuple[str, ...]
    lost: str


CONTACTS = Feature(REQUIRED_SCOPES, _("Contacts cannot be created or updated."))
OPTIONAL_FEATURES = (
    Feature(
        ("crm.objects.companies.read", "crm.objects.companies.write"),
        _("Companies cannot be created or updated."),
    ),
    Feature(("crm.objects.deals.read", "crm.objects.deals.write"), _("Deals cannot be created or updated.")),
    Feature(
        ("crm.schemas.contacts.write", "crm.schemas.companies.write", "crm.schemas.deals.write"),
        _("pretix cannot create the properties in HubSpot that it needs. You have to create them by hand."),
    ),
    Feature(
        ("crm.objects.line_items.read", "crm.objects.line_items.write"),
        _("Line items cannot be created or updated."),
    ),
    Feature(("crm.objects.products.read", "crm.objects.products.write"), _("Products cannot be created or updated.")),
    Feature(
        ("e-commerce",),
        _("pretix cannot create properties of line items and products. You have to create them by hand."),
    ),
    Feature(
        (
            "crm.objects.orders.read",
            "crm.objects.orders.write",
            "crm.schemas.orders.write",
            "crm.pipelines.orders.read",
        ),
        _("HubSpot orders cannot be created or updated, or not with properties that pretix creates."),
    ),
    Feature(("tickets",), _("Tickets cannot be created or updated.")),
    Feature(
        ("crm.objects.custom.read", "crm.objects.custom.write", "crm.schemas.custom.read", "crm.schemas.custom.write"),
        _("Custom objects cannot be created or updated, or not with properties that pretix creates."),
    ),
    Feature(("crm.lists.read",), _("Lists of contacts cannot be chosen.")),
    Feature((OWNERS_SCOPE,), _("Owners of records cannot be chosen by name.")),
)
#: scope -> what does not work without it
OPTIONAL_SCOPES = {scope: feature.lost for feature in OPTIONAL_FEATURES for scope in feature.scopes}
#: Asked for only if the operator configures it: few accounts offer them.
ON_REQUEST = ("crm.objects.leads.read", "crm.objects.leads.write", "crm.schemas.leads.read", "crm.schemas.leads.write")
#: In place of a list: only the required scopes.
NONE = "none"


def chosen(text):
    """``(optional scopes to ask for, names that do not exist)`` for an operator's list; without one, all of them."""
    names = text.replace(",", " ").split()
    if not names:
        return tuple(OPTIONAL_SCOPES), ()
    known = (*REQUIRED_SCOPES, *OPTIONAL_SCOPES, *ON_REQUEST, NONE)
    strange = tuple(name for name in names if name not in known)
    return tuple(name for name in (*OPTIONAL_SCOPES, *ON_REQUEST) if name in names), strange


def missing_required(granted):
    """The required scopes that are not in ``granted``, in our order."""
    return _missing(CONTACTS, granted)


def lost_features(granted):
    """``[(what does not work, [missing scopes]), …]`` for all features that ``granted`` does not cover.

    An empty list for an empty ``granted``: HubSpot did not list the scopes then, and each refusal will name its own.
    """
    if not granted:
        return []
    missing_by_feature = [(feature.lost, _missing(feature, granted)) for feature in (CONTACTS, *OPTIONAL_FEATURES)]
    return [(lost, missing) for lost, missing in missing_by_feature if missing]


def _missing(feature, granted):
    return [scope for scope in feature.scopes if scope not in granted and scope != BASE_SCOPE]
