"""What the things of one event are called in another, for mappings that are copied. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .reading import number

#: Source fields that end with the primary key of a check-in list.
OF_CHECKIN_LISTS = ("checkin_date_",)
QUESTION = "question_"
#: Before the key of a source field without a counterpart.
INVALID = "_invalid_"
#: A primary key that no object has: a filter for it is met by nothing.
NOBODY = 0


@dataclass(frozen=True)
class Counterparts:
    """What the things of one event are called in another; what is missing has no counterpart there."""

    questions: Mapping[str, str] = field(default_factory=dict)
    checkin_lists: Mapping[int, int] = field(default_factory=dict)
    items: Mapping[int, int] = field(default_factory=dict)
    variations: Mapping[int, int] = field(default_factory=dict)
    categories: Mapping[int, int] = field(default_factory=dict)
    subevents: Mapping[int, int] = field(default_factory=dict)

    def field(self, key: str) -> str:
        """The source field of this key in the other event."""
        if key.startswith(QUESTION):
            return QUESTION + self.question(key.removeprefix(QUESTION))
        prefix = next((prefix for prefix in OF_CHECKIN_LISTS if key.startswith(prefix)), None)
        if prefix is None:
            return key
        pk = self.checkin_lists.get(number(key.removeprefix(prefix)))
        return f"{prefix}{pk}" if pk else INVALID + key

    def question(self, identifier: str) -> str:
        return self.questions.get(identifier, identifier)
