"""The exceeded limits of an event, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from . import limits
from .reading import Problem

TOO_MUCH = {
    "too_many_rows": (
        gettext_noop("An object mapping may have at most {limit} properties."),
        limits.MAX_ROWS,
    ),
    "too_many_rows_of_property": (
        gettext_noop("At most {limit} rows of an object mapping may fill the same HubSpot field: {names}."),
        limits.MAX_ROWS_OF_PROPERTY,
    ),
    "too_many_mappings": (gettext_noop("An event may have at most {limit} object mappings."), limits.MAX_MAPPINGS),
    "too_many_rows_of_event": (
        gettext_noop("All object mappings of an event together may have at most {limit} properties."),
        limits.MAX_ROWS_OF_EVENT,
    ),
    "too_much_text_of_event": (
        gettext_noop("All constant texts of an event together may have at most {limit} characters."),
        limits.MAX_TEXT_OF_EVENT,
    ),
}


def too_much(problem: Problem) -> str:
    """The sentence for a problem of ``limits``."""
    text, limit = TOO_MUCH[problem.code]
    return _(text).format(limit=limit, names=problem.names)
