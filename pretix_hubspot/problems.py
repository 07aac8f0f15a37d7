"""Sync problems in words for organizers: which record, which property, what HubSpot says, what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from pretix.base.models import Event

from .fields import source_fields
from .models import ObjectMapping
from .objecttypes import STANDARD
from .pagelinks import event_url
from .sync.outcomes import SYSTEM, TEMPORARY, Failure
from .sync.types import Refusal
from .texts import describe, knows

#: What HubSpot's (or our) code means for people. HubSpot's own sentence follows where there is one.
_MEANINGS = {
    "PROPERTY_DOESNT_EXIST": lambda p: _("The property {property} does not exist in HubSpot.").format(**p),
    "READ_ONLY_VALUE": lambda p: _("The property {property} is read-only in HubSpot.").format(**p),
    "INVALID_EMAIL": lambda p: _("HubSpot does not accept the email address.").format(**p),
    "INVALID_OPTION": lambda p: _("The property {property} has no such option in HubSpot.").format(**p),
    "MISSING_REQUIRED_PROPERTY": lambda p: _(
        "Your HubSpot account requires the property {property}, which no mapping fills."
    ).format(**p),
    "CONFLICTING_UNIQUE_VALUE": lambda p: _(
        "Another record in HubSpot already has this value of the unique property {property}."
    ).format(**p),
    "missing_scope": lambda p: _("pretix lacks a permission in HubSpot: {scopes}. Connect again to grant it.").format(
        scopes=p.get("scopes") or "?"
    ),
    "missing_permission": lambda p: _(
        "The HubSpot user who connected pretix lacks the permission “Edit Associations”. "
        "Have it granted in HubSpot, or connect again as somebody who has it."
    ),
    "forbidden": lambda p: _("HubSpot refuses access to this object type."),
    "authentication_failed": lambda p: _("HubSpot no longer accepts the access granted to pretix. Connect again."),
    "unknown_object_type": lambda p: _("HubSpot does not have this object type any more."),
    "not_unique": lambda p: _("The identifier of the mapping is not a unique property in HubSpot."),
    "too_many_labels": lambda p: _("HubSpot allows no more association labels between these object types."),
    "invalid_input": lambda p: _("HubSpot refuses this record."),
    "invalid_association": lambda p: _("HubSpot refuses to associate these records."),
    "gdpr_blocked": lambda p: _(
        "The contact was deleted in HubSpot for data protection, and HubSpot does not accept the email address again."
    ),
    "not_found": lambda p: _("HubSpot does not know this record any more."),
    "conflict": lambda p: _("HubSpot reports a conflict with another record."),
    "uri_too_long": lambda p: _("HubSpot cannot take this record: too many records were merged into it."),
    "no_answer_for_record": lambda p: _("HubSpot did not confirm that it stored the record."),
    "server_trouble": lambda p: _("HubSpot is having problems."),
    "unexpected_status": lambda p: _("HubSpot gave an answer that pretix does not understand."),
    "rate_limited": lambda p: _("HubSpot's request limit is used up."),
    "locked": lambda p: _("HubSpot is busy with this record."),
    "migrating": lambda p: _("HubSpot is moving this account to a different region."),
    "unexpected": lambda p: _("An unexpected error occurred in pretix. Please contact your system administrator."),
    "blocked_by_server": lambda p: _(
        "The pretix server does not allow requests to HubSpot's address. Please contact your system administrator."
    ),
    "oauth_misconfigured": lambda p: _(
        "The HubSpot app of the pretix server is not set up correctly. Please contact your system administrator."
    ),
    "not_connected": lambda p: _("This event is not connected to a HubSpot account."),
}
for _same, _as in (
    ("MISSING_CONDITIONAL_REQUIRED_PROPERTY", "MISSING_REQUIRED_PROPERTY"),
    ("token_expired", "authentication_failed"),
    ("token_revoked", "authentication_failed"),
    ("auth_code_rejected", "authentication_failed"),
    ("oauth_error", "server_trouble"),
):
    _MEANINGS[_same] = _MEANINGS[_as]
_NO_ANSWER = ("connect_timeout", "read_timeout", "connection_failed", "bad_answer", "no_answer")


class FieldNames:
    """Problems name pretix fields by key; people know them by label."""

    def __init__(self, event: Event) -> None:
        self._event = event
        self._labels: Mapping[str, str] | None = None

    def named(self, failure: Failure) -> Failure:
        """The same failure with the label of its field."""
        if "field" not in failure.params:
            return failure
        if self._labels is None:
            self._labels = {key: str(field.label) for key, field in source_fields(self._event).items()}
        key = failure.params["field"]
        return replace(failure, params={**failure.params, "field": self._labels.get(key, key)})


def explain(failure: Failure) -> str:
    """One sentence or two, in the current language, without any value of the order."""
    parts = [_record(failure), _meaning(failure)]
    if failure.message:
        parts.append(_("HubSpot says: {message}").format(message=failure.message))
    if failure.correlation_id:
        parts.append(_("(correlation ID {id})").format(id=failure.correlation_id))
    return " ".join(part for part in parts if part)


#: Fixed by connecting again, with more scopes, or as somebody who may do more.
ACCESS = frozenset({"missing_scope", "missing_permission", "forbidden", "not_connected", "authentication_failed"}) | {
    "token_expired",
    "token_revoked",
    "auth_code_rejected",
}
#: Fixed by choosing, or making, an option for each value of a row.
_OPTIONS = frozenset({"no_option", "option_not_mapped", "INVALID_OPTION"})
#: Fixed in the order, or in HubSpot's list of people who may not be contacted; no page of ours helps.
_IN_THE_ORDER = frozenset({"INVALID_EMAIL", "invalid_email", "gdpr_blocked"})


def where_to_fix(failure: Failure, event: Event) -> str | None:
    """The page on which somebody can do something about this failure, or None if it heals itself or lies elsewhere.

    Access is fixed where the event is connected, a mapping in its editor, which opens at the row concerned, and what
    only the server's operator can fix begins with the diagnosis. A mapping that was deleted meanwhile leads to the
    list of mappings.
    """
    if failure.mode == SYSTEM:
        return event_url(event, "diagnosis")
    if failure.code in ACCESS:
        return event_url(event, "settings")
    if failure.mode == TEMPORARY or failure.code in _IN_THE_ORDER or failure.mapping is None:
        return None
    if failure.mapping in _mapping_ids(event):
        return event_url(event, "mapping.edit", mapping=failure.mapping) + _row(failure)
    return event_url(event, "settings") + "#object-mappings"


def _row(failure: Failure) -> str:
    """What tells the editor which row to show, and that its value map is the place."""
    if not failure.params.get("property"):
        return ""
    values = {"values": "on"} if failure.code in _OPTIONS else {}
    return "?" + urlencode({"fix": failure.params["property"]} | values)


def know_mappings(events: Sequence[Event]) -> None:
    """Reads for several events at once what ``where_to_fix`` has to know about each."""
    found: dict[int, set[int]] = {event.pk: set() for event in events}
    for event, mapping in ObjectMapping.objects.order_by().filter(event__in=found).values_list("event", "pk"):
        found[event].add(mapping)
    for event in events:
        event._hubspot_mapping_ids = found[event.pk]


def _mapping_ids(event: Event) -> set[int]:
    """Read once per event instance, since a page shows many failures."""
    if not hasattr(event, "_hubspot_mapping_ids"):
        know_mappings([event])
    return event._hubspot_mapping_ids


def _record(failure: Failure) -> str:
    if not failure.object_type:
        return ""
    entry = STANDARD.get(failure.object_type)
    return f"{entry.plural if entry else failure.object_type}:"


def _meaning(failure: Failure) -> str:
    params = {"property": "?", **failure.params}
    if failure.code in _MEANINGS:
        return _MEANINGS[failure.code](params)
    if failure.code in _NO_ANSWER:
        return _("HubSpot could not be reached.")
    if knows(failure.code):
        return str(describe(Refusal(failure.code, failure.params)))
    if "property" in failure.params:
        return _("HubSpot does not accept the value of the property {property}.").format(**params)
    return _("HubSpot refuses this record.")


def why_excluded(reason: str) -> str:
    """Why an order is left out, for the order page."""
    return _EXCLUSIONS[reason]() if reason in _EXCLUSIONS else _("This order is not sent to HubSpot.")


_EXCLUSIONS = {
    "test_mode": lambda: _("Not sent: this is a test mode order. Use “Sync now” to send it anyway."),
    "before_connection": lambda: _(
        "Not sent: this order was placed before the event was connected to HubSpot. Use “Sync now” to send it anyway."
    ),
    "no_mappings": lambda: _(
        "Not sent: this event has no object mappings yet. The order is sent as soon as there is one."
    ),
    "ignored": lambda: _("Not sent: somebody chose to ignore this order. Use “Sync now” to send it anyway."),
    "dismissed": lambda: _(
        "Not sent: the sync problem of this order was dismissed. Use “Sync now” to try again, or change the order."
    ),
    "filter_paid": lambda: _("Not sent: the object mappings only send paid orders."),
    "filter_value": lambda: _("Not sent: the object mappings only send what has a value above zero."),
    "filter_account": lambda: _("Not sent: the object mappings only send orders of customers with an account."),
    "filter_channel": lambda: _("Not sent: the object mappings leave out the sales channel of this order."),
    "filter_product": lambda: _("Not sent: the object mappings leave out the products of this order."),
    "filter_admission": lambda: _("Not sent: the object mappings only send admission products."),
    "filter_date": lambda: _("Not sent: the object mappings leave out the dates of this order."),
    "filter_answer": lambda: _("Not sent: the object mappings require an answer that was not given in this order."),
    "no_access": lambda: _("Not sent: HubSpot does not let pretix use this object type. Please connect again."),
    "filters": lambda: _("Not sent: the filters of the object mappings leave out everything in this order."),
    "shredded": lambda: _(
        "Not sent any more: personal data was removed from this event. Use “Sync now” to send the order anyway."
    ),
}
