"""Refusals and reasons in words: which field, which property, what fits, and never a value of an order.

The same sentence serves the editor's warning symbol, before any value is known, and a sync problem after one was
refused, so each says what the property takes.
"""

from django.utils.text import get_text_list
from django.utils.translation import gettext, gettext_noop, ngettext

from pretix_hubspot.sync.types import FieldRefused, Refusal

#: Placeholders: {property} and {field} as people know them, {option} the name of a choice set up by the organizer.
TEXTS = {
    # a source field that cannot be read
    "invalid_email": gettext_noop("{field} is not a valid email address."),
    "unreadable": gettext_noop("{field} of this order cannot be read."),
    "wrong_source": gettext_noop("{field} is not available for this pretix object type."),
    # a mapping row that can never work
    "unknown_field": gettext_noop("The pretix field {field} is not available in this event."),
    "unknown_property": gettext_noop("The HubSpot field {property} does not exist any more."),
    "read_only_property": gettext_noop("The HubSpot field {property} is read-only."),
    "file": gettext_noop("{field} holds files, which are not sent to HubSpot."),
    "incompatible": gettext_noop("{field} and the HubSpot field {property} are of types that do not fit together."),
    "unknown_mode": gettext_noop("The mapping of the HubSpot field {property} has an unknown mode."),
    "no_identifier": gettext_noop("The mapping has no identifier by which HubSpot could find a record."),
    # values that do not fit
    "not_a_number": gettext_noop("The HubSpot field {property} only takes numbers, and {field} may hold other text."),
    "not_a_date": gettext_noop("The HubSpot field {property} only takes dates, and {field} may hold other text."),
    "not_a_boolean": gettext_noop(
        "The HubSpot field {property} only takes “yes” or “no”, and {field} may hold other text."
    ),
    "not_a_phone": gettext_noop(
        "The HubSpot field {property} only takes phone numbers, and {field} may hold other text."
    ),
    "several_values": gettext_noop("The HubSpot field {property} takes one option, and {field} may hold several."),
    "no_option": gettext_noop(
        "{field} may hold values that are not among the options of the HubSpot field {property}."
    ),
    "no_option_named": gettext_noop(
        "The HubSpot field {property} has no option for “{option}”, which {field} may hold. "
        "Please add the option in HubSpot or map it to another one."
    ),
    "option_not_mapped": gettext_noop(
        "“{option}” of {field} is not mapped to an option of the HubSpot field {property}."
    ),
    # "Add to list"
    "append_number": gettext_noop(
        "“Add to list” fills the number field {property} in HubSpot while it is empty. "
        "It fails when the field holds another number."
    ),
    "append_single": gettext_noop(
        "The HubSpot field {property} holds a single value. “Add to list” fills it while it is empty. "
        "It fails when the field holds another value."
    ),
    "number_filled": gettext_noop(
        "Nothing can be added to the number field {property}, which is filled already in HubSpot."
    ),
    "already_set": gettext_noop(
        "The HubSpot field {property} holds a single value, and there is a different one already. "
        "“Add to list” does not replace it."
    ),
    # what HubSpot did not say, and what people did there meanwhile
    "no_answer_for_record": gettext_noop("HubSpot did not confirm that it stored the record."),
    "record_vanished": gettext_noop("A record was deleted or merged in HubSpot while it was being associated."),
}
#: The same codes where several choices have no option.
OF_SEVERAL = {
    "no_option": gettext_noop(
        "The HubSpot field {property} has no options for {options}, which {field} may hold. "
        "Please add the options in HubSpot or map the values to other ones."
    ),
    "option_not_mapped": gettext_noop(
        "These values of {field} are not mapped to options of the HubSpot field {property}: {options}."
    ),
}
#: More choices than this are counted.
MOST = 5
#: The same codes where the value is a text that the mapping itself holds.
OF_CONSTANTS = {
    "not_a_number": gettext_noop(
        "The HubSpot field {property} only takes numbers, and the constant text is not a number."
    ),
    "not_a_date": gettext_noop(
        "The HubSpot field {property} only takes dates such as 2027-06-30, and the constant text is not a date."
    ),
    "not_a_boolean": gettext_noop(
        "The HubSpot field {property} only takes “yes” or “no”, and the constant text is neither."
    ),
    "not_a_phone": gettext_noop(
        "The HubSpot field {property} only takes phone numbers, and the constant text is not a phone number."
    ),
    "no_option": gettext_noop(
        "The HubSpot field {property} has no option whose label or internal name is the constant text."
    ),
}
UNKNOWN = gettext_noop("{field} cannot be sent to the HubSpot field {property}.")


def knows(code: str) -> bool:
    """Whether there is a sentence for this code."""
    return code in TEXTS


def describe(refused: Refusal | FieldRefused, field: str | None = None) -> str:
    """A sentence or two in the current language; ``field`` is the label of the source field, where it is known."""
    if isinstance(refused, FieldRefused):
        refused = Refusal(refused.reason)
    params = refused.params
    sentence = gettext(_text(refused.code, params)).format(
        field=_quoted(field or params.get("field")) or gettext("The pretix field"),
        property=_quoted(params.get("label") or params.get("property")),
        option=params.get("option_label") or params.get("option", ""),
        options=_listed(params.get("option_labels", ())),
    )
    return " ".join(sentence.split())  # a name left out leaves no gap


def _text(code, params):
    if params.get("constant") and code in OF_CONSTANTS:
        return OF_CONSTANTS[code]
    if len(params.get("option_labels", ())) > 1:
        return OF_SEVERAL[code]
    return TEXTS.get("no_option_named" if code == "no_option" and params.get("option") else code, UNKNOWN)


def _listed(names):
    """The first names in quotes, and how many there are beside them."""
    listed = [_quoted(name) for name in names[:MOST]]
    if (more := len(names) - MOST) > 0:
        listed.append(ngettext("{count} more", "{count} more", more).format(count=more))
    return get_text_list(listed, gettext("and"))


def _quoted(name):
    return gettext("“{name}”").format(name=name) if name else ""
