"""Associations that pretix made. Pure."""

from dataclasses import dataclass

from pretix_hubspot.hubspot.data import AssociationType

Place = tuple[str, str]  # (object type, record id)


@dataclass(frozen=True, order=True)
class Association:
    """A link from one record to another; ``label`` is the number of its association label, 0 without one."""

    source: Place
    target: Place
    label: int = 0

    @classmethod
    def between(cls, source: Place, target: Place, label: AssociationType | None) -> "Association":
        return cls(source, target, label.type_id if label else 0)

    @classmethod
    def from_text(cls, text: str) -> "Association":
        ends, _, label = text.partition("#")
        (from_type, _, from_id), (to_type, _, to_id) = (end.rpartition(":") for end in ends.split(">"))
        return cls((from_type, from_id), (to_type, to_id), int(label or 0))

    def to_text(self) -> str:
        """The stored form: ``deals:7>contacts:3``, with a label ``deals:7>contacts:3#12``."""
        text = f"{':'.join(self.source)}>{':'.join(self.target)}"
        return f"{text}#{self.label}" if self.label else text
