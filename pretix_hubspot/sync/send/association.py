"""Associations that pretix made. Pure."""

from dataclasses import dataclass

from pretix_hubspot.hubspot.data import AssociationType

Place = tuple[str, str]  # (object type, record id)
Use = tuple[int, int | None]  # (mapping, part)


@dataclass(frozen=True, order=True)
class Association:
    """A link from one record to another; ``label`` is the number of its association label, 0 without one."""

    source: Place
    target: Place
    label: int = 0

    @classmethod
    def between(cls, source: Place, target: Place, label: AssociationType | None) -> "Association":
        return cls(source, target, label.type_id if label else 0)
