"""Source fields, and how their values are read safely."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import Model
from pretix.base.datasync.sourcefields import EVENT, EVENT_OR_SUBEVENT, DataFieldCategory

from pretix_hubspot.values.rows import FieldRefused

from .things import BY_NEED, Thing

logger = logging.getLogger(__name__)

Inputs = Mapping[str, Any]
Choices = tuple[tuple[str, str], ...]


class NotLoaded(LookupError):
    """A field read a relation that the snapshot did not load: a field's ``needs`` is wrong. Never caught here."""


@dataclass(frozen=True)
class SourceField:
    """A value of an order or position that a mapping can send.

    ``type`` is one of core's ``Question.TYPE_*``; ``required_input`` the name of an input, see ``Source``.
    ``read`` takes inputs by name with their relations loaded (see ``Related``), never queries, and never fails:
    a value that cannot be read becomes a ``FieldRefused``.
    ``needs`` names the relations that the snapshot has to load first.
    ``enum_opts`` are a choice's (identifier, label) pairs to show; ``synonyms`` the same with the labels of all of the
    event's languages, for finding the portal's option (``convert`` and ``warning`` take these).
    ``sensitive`` marks links that carry a secret of the order.
    ``options_of`` is the kind of thing whose names are the options, if it is not loaded as a need.
    """

    key: str
    label: str
    type: str
    category: DataFieldCategory
    required_input: str
    enum_opts: Choices | None
    read: Callable[[Inputs], Any]
    sensitive: bool = False
    deprecated: bool = False
    needs: frozenset[str] = frozenset()
    synonyms: Choices = ()
    options_of: Thing | None = None

    @property
    def reads(self) -> frozenset[Thing]:
        """The things beside the order whose change may change the value.

        It follows from what is loaded and taken for the field, without which it could not be read at all.
        """
        things = frozenset().union(*(BY_NEED[need] for need in self.needs))
        if self.required_input in (EVENT, EVENT_OR_SUBEVENT):
            things |= {Thing.EVENT}
        return things | {self.options_of} if self.options_of else things


class Related:
    """Lists and rows that were loaded beside the orders of a slice and their parts, by instance and name."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[type, str], dict[int, Any]] = {}

    def attach(self, instance: Model, name: str, value: Any) -> None:
        self._loaded.setdefault((type(instance), name), {})[instance.pk] = value

    def __call__(self, instance: Model, name: str) -> Any:
        """The attached list or row; raises ``NotLoaded`` rather than asking the database."""
        try:
            return self._loaded[type(instance), name][instance.pk]
        except KeyError:
            raise NotLoaded(f"{name} of {type(instance).__name__}") from None


#: The name of the input that holds ``Related``.
RELATED = "related"


@dataclass(frozen=True)
class WithRelated:
    """A getter that takes ``Related`` as its second argument."""

    getter: Callable[[Any, Related], Any]


Getter = Callable[[Any], Any] | WithRelated


def guarded(key: str, required_input: str, getter: Getter) -> Callable[[Inputs], Any]:
    """Turn a getter of one model instance into a ``read`` that refuses instead of failing."""

    def read(inputs):
        try:
            source = inputs[required_input]
        except KeyError:
            return FieldRefused("wrong_source")
        try:
            if isinstance(getter, WithRelated):
                return getter.getter(source, inputs[RELATED])
            return getter(source)
        except (NotLoaded, SoftTimeLimitExceeded):
            raise
        except Exception as e:  # one odd record must not stop the 99 others; its content stays out of the log
            logger.warning("Field %s cannot be read: %s", key, type(e).__name__)
            return FieldRefused("unreadable")

    return read
