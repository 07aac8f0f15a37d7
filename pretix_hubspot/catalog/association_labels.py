"""Labels of associations, such as Buyer and Attendee, created in HubSpot when a mapping first needs them."""

import re

from pretix_hubspot.hubspot.errors import BadAnswer


def ensure_label(catalog, mapping, earlier_pk, label):
    """HubSpot's label with this text, from the mapping's object type to that of an earlier mapping; created if missing.

    Raises ``HubSpotError``, for example if the portal's plan has no labels, or no more labels.
    """
    earlier = mapping.event.hubspot_object_mappings.get(pk=earlier_pk)
    types = mapping.external_object_type, earlier.external_object_type
    catalog.ensure(types)  # refuses a text that is no object type, before it becomes a part of an address
    existing = _named(catalog.client.association_labels(*types), label)
    if existing is None:
        catalog.client.create_association_label(*types, _internal_name(label), label)
        existing = _named(catalog.client.association_labels(*types), label)
    if existing is None:
        raise BadAnswer("HubSpot does not list the association label it has just created")
    return existing


def _named(labels, text):
    return next((label for label in labels if label.label and label.label.casefold() == text.casefold()), None)


def _internal_name(label):
    return "pretix_" + (re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_") or "label")
