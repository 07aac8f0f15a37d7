"""Labels of associations, such as Buyer and Attendee, made in HubSpot when somebody first asks for them."""

import re

from pretix_hubspot.hubspot.errors import BadAnswer


def ensure_label(catalog, mapping, earlier_pk, label):
    """HubSpot's label of this text, from the mapping's object type to that of an earlier mapping.

    Raises ``HubSpotError``, for example where the portal's plan has no labels, or has no room for more.
    """
    earlier = mapping.event.hubspot_object_mappings.get(pk=earlier_pk)
    types = mapping.external_object_type, earlier.external_object_type
    catalog.ensure(types)  # which refuses what is no object type, before it becomes a part of an address
    found = _named(catalog.client.association_labels(*types), label)
    if found is None:
        catalog.client.create_association_label(*types, _internal_name(label), label)
        found = _named(catalog.client.association_labels(*types), label)
    if found is None:
        raise BadAnswer("HubSpot does not list the association label it has just created")
    return found


def _named(labels, text):
    return next((label for label in labels if label.label and label.label.casefold() == text.casefold()), None)


def _internal_name(label):
    return "pretix_" + (re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_") or "label")
