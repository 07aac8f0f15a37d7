"""Choices that are still selected, and no longer offered."""

from collections.abc import Iterable

from django.utils.functional import Promise

Choices = Iterable[tuple[str, str | Promise]]


def vanished(current: Iterable[str], offered: Choices, text: str | Promise) -> list[tuple[str, str]]:
    """Choices for selected values that are not offered any more, so that a page neither breaks nor drops them.

    ``text`` is their label, with the value as ``{value}``.
    """
    names = dict(offered)
    return [(value, str(text).format(value=value)) for value in current if value and value not in names]
