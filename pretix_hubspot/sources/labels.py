"""Labels of choices: one to show, and all of them to match with the portal's options in any language."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import override
from i18nfield.strings import LazyI18nString


def shown(options: Iterable[tuple[object, object]] | None):
    """(identifier, label in the current language) pairs, or None for a field without choices."""
    return tuple((str(value), str(label)) for value, label in options) if options else None


def synonyms(options: Iterable[tuple[object, object]] | None, locales: Iterable[str]):
    """(identifier, label) pairs with every language's label, so that a match does not depend on the current
    language.
    """
    return tuple((str(value), name) for value, label in options or () for name in _names(label, locales))


def _names(label, locales):
    if isinstance(label, LazyI18nString) and isinstance(label.data, dict):
        names = label.data.values()
    elif isinstance(label, Promise):
        names = [_in(locale, label) for locale in ("en", *locales)]
    else:
        names = [str(label)]
    return list(dict.fromkeys(name for name in names if name))


def _in(locale, label):
    with override(locale):
        return str(label)
