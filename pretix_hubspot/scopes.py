"""The scopes we ask for, what each is good for, and what a connection lacks.

The HubSpot app must list ``REQUIRED_SCOPES`` as required and ``OPTIONAL_SCOPES`` as optional, exactly:
HubSpot refuses an authorization whose scopes differ from the app's.
HubSpot drops optional scopes silently that the account's subscription lacks, so what was granted is checked afterwards.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

BASE_SCOPE = "oauth"  # granted implicitly; HubSpot does not always list it for static tokens
REQUIRED_SCOPES = (BASE_SCOPE, "crm.objects.contacts.read", "crm.objects.contacts.write")


@dataclass(frozen=True)
class Feature:
    """Something that works only with all of ``scopes``; ``lost`` tells an organizer what does not work without."""

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
        ("crm.objects.orders.read", "crm.objects.orders.write", "crm.pipelines.orders.read"),
        _("HubSpot orders cannot be created or updated."),
    ),
    Feature(("tickets",), _("Tickets cannot be created or updated.")),
    Feature(
        ("crm.schemas.custom.read", "crm.objects.custom.read", "crm.objects.custom.write"),
        _("Custom objects cannot be created or updated."),
    ),
    Feature(("crm.objects.owners.read",), _("Owners of records cannot be chosen by name.")),
)
#: scope -> what does not work without it
OPTIONAL_SCOPES = {scope: feature.lost for feature in OPTIONAL_FEATURES for scope in feature.scopes}


def missing_required(granted):
    """The required scopes that are not in ``granted``, in our order."""
    return _missing(CONTACTS, granted)


def lost_features(granted):
    """``[(what does not work, [missing scopes]), …]`` for everything that ``granted`` does not cover.

    Nothing for an empty ``granted``: then HubSpot did not tell the scopes, and each refusal will name its own.
    """
    if not granted:
        return []
    found = [(feature.lost, _missing(feature, granted)) for feature in (CONTACTS, *OPTIONAL_FEATURES)]
    return [(lost, missing) for lost, missing in found if missing]


def _missing(feature, granted):
    return [scope for scope in feature.scopes if scope not in granted and scope != BASE_SCOPE]
