"""Owners of records: users choose them by name, HubSpot takes their ids (hubspot.md 6.2, A). Pure.

The portal's owners stand in for the options that such a property does not list; an owner who left is a hidden option.
"""

import re
from collections.abc import Iterable, Sequence

from pretix_hubspot.hubspot.data import Option, Owner

_LABEL = re.compile(r"(?P<name>.*) \((?P<email>[^()\s]+@[^()\s]+)\)")


def options(owners: Iterable[Owner]) -> tuple[Option, ...]:
    """The owners as options: active ones first, each by name."""
    unsorted = [Option(owner.id, _label(owner), owner.archived) for owner in owners]
    return tuple(sorted(unsorted, key=lambda option: (option.hidden, option.label.casefold())))


def _label(owner: Owner) -> str:
    name = f"{owner.first_name} {owner.last_name}".strip()
    return f"{name} ({owner.email})" if name and owner.email else name or owner.email or owner.id


def find(listed: Sequence[Option], text: str) -> Option | None:
    """The owner with this id, label, e-mail address or name; None for a name that several owners have."""
    name = text.strip().casefold()
    by_id = {option.value: option for option in listed}
    if text.strip() in by_id:
        return by_id[text.strip()]
    fitting = [option for option in listed if name and name in _names(option)]
    active = [option for option in fitting if not option.hidden] or fitting
    return active[0] if len({option.value for option in active}) == 1 else None


def _names(option: Option) -> set[str]:
    label = option.label.strip().casefold()
    parts = _LABEL.fullmatch(label)
    return {label, parts["name"], parts["email"]} if parts else {label}
