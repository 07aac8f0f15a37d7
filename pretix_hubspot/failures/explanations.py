"""Sync problems in words for organizers: the record, the property, HubSpot's message, and the remedy."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from pretix.base.models import Event

from pretix_hubspot.catalog.object_types import STANDARD
from pretix_hubspot.server.links import event_url
from pretix_hubspot.sources.event_context import EventContext

from .codes import Fix, where_fixed
from .failure import Failure
from .texts import describe_failure


def named(failure: Failure, context: EventContext) -> Failure:
    """The same failure with the label of its field: problems name pretix fields by key, users know them by label."""
    return replace(failure, params=labelled(failure.params, context))


def labelled(params: Mapping[str, Any], context: EventContext) -> dict[str, Any]:
    """The params of a failure or refusal with the label of its field."""
    return {**params, "field": context.label(params["field"])} if "field" in params else dict(params)


def for_history(failure: Failure) -> dict:
    """The part of a failure that a log entry keeps: its code and its subject, without HubSpot's sentence and the
    order.
    """
    return replace(failure, message="", correlation_id="", position=None).to_json()


def from_history(stored: dict, event: Event) -> str:
    """The sentence for a log entry's failure, in the current language; "" for shredded data."""
    known = {field.name for field in fields(Failure)}
    facts = {name: value for name, value in stored.items() if name in known}
    return explain(named(Failure(**facts), EventContext(event))) if {"mode", "code"} <= facts.keys() else ""


def explain(failure: Failure) -> str:
    """One sentence or two, in the current language, without any value of the order."""
    parts = [_record(failure), describe_failure(failure.code, failure.params)]
    if failure.message:
        parts.append(_("HubSpot says: {message}").format(message=failure.message))
    if failure.correlation_id:
        parts.append(_("(correlation ID {id})").format(id=failure.correlation_id))
    return " ".join(part for part in parts if part)


def where_to_fix(failure: Failure, context: EventContext) -> str | None:
    """The page on which users can fix this failure, or None if it needs no fix or is fixed elsewhere.

    Access is fixed where the event is connected, a mapping in its editor, which opens at the row concerned, and a
    failure that only the server's operator can fix begins with the diagnosis. A mapping that was deleted leads to the
    list of mappings.
    """
    place, event = where_fixed(failure.code, failure.mode), context.event
    if place is Fix.SERVER:
        return event_url(event, "diagnosis")
    if place is Fix.ACCESS:
        return event_url(event, "settings")
    if place in (Fix.NOWHERE, Fix.PORTAL, Fix.ORDER) or failure.mapping is None:
        return None
    if failure.mapping in context.mappings:
        return event_url(event, "mapping.edit", mapping=failure.mapping) + _row(failure, place)
    return event_url(event, "settings") + "#object-mappings"


def _row(failure: Failure, place: Fix) -> str:
    """The parameters by which the editor shows the row, and opens its value map if the failure is there."""
    if not failure.params.get("property"):
        return ""
    values = {"values": "on"} if place is Fix.OPTIONS else {}
    return "?" + urlencode({"fix": failure.params["property"]} | values)


def _record(failure: Failure) -> str:
    if not failure.object_type:
        return ""
    entry = STANDARD.get(failure.object_type)
    return f"{entry.plural if entry else failure.object_type}:"
