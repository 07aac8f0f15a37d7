"""Readers for values on which core's own readers fail: odd addresses, empty names, add-ons, time zones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import idna
from pretix.base.models import Order, OrderPosition

from pretix_hubspot.values.rows import FieldRefused

from . import names
from .order_state import state_of

INVALID_EMAIL = FieldRefused("invalid_email")


def clean_email(email):
    """The address with its domain in ASCII (IDNA), or a refusal; core's version raises on two ``@`` or none."""
    email = (email or "").strip()
    if not email:
        return None
    local, at, host = email.partition("@")
    if not (local and at and host) or "@" in host:
        return INVALID_EMAIL
    try:
        return f"{local}@{ascii_domain(host)}"
    except UnicodeError:  # empty or overlong labels, or characters that no domain may hold
        return INVALID_EMAIL


def ascii_domain(host):
    """A domain as the registries write it (IDNA 2008); raises ``UnicodeError`` for a text that cannot be one.

    Python's own codec is of 2003 and makes ``fass`` of ``faß``, which is another owner's domain.
    """
    if host.isascii():
        return host.encode("idna").decode()
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        odd = ".".join(_odd_label(label) for label in re.split("[.。．｡]", host))
        return odd.encode("idna").decode()  # which refuses labels that are empty or too long


def _odd_label(label):
    """A label that IDNA 2008 refuses, such as one with a heart, but that exists; ß and ς stay what they are."""
    label = idna.uts46_remap(label, std3_rules=False, transitional=False)
    return label if label.isascii() else "xn--" + label.encode("punycode").decode()


def email_domain(email):
    """The part behind the ``@``, or the refusal of ``clean_email``."""
    cleaned = clean_email(email)
    return cleaned.partition("@")[2] if isinstance(cleaned, str) else cleaned


def holder(position, attribute):
    """The position's own value, else that of the position it is an add-on to."""
    parent = position.addon_to if position.addon_to_id else None
    return getattr(position, attribute) or (getattr(parent, attribute) if parent else None)


def attendee(position):
    """The position whose name counts: itself, or the one it is an add-on to if its own name was left blank."""
    parent = position.addon_to if position.addon_to_id else None
    if parent and not names.is_named(position.attendee_name_parts) and names.is_named(parent.attendee_name_parts):
        return parent
    return position


def attendee_name(scheme, position):
    """The attendee's name, taken as a whole."""
    source = attendee(position)
    return names.whole(source.attendee_name_parts, scheme, source.attendee_name_cached) or None


def attendee_name_part(key, scheme, position):
    """A part of the attendee's name."""
    source = attendee(position)
    return names.part(source.attendee_name_parts, key, scheme, source.attendee_name_cached)


def invoice_name(scheme, order):
    """The name in the invoice address."""
    address = order.invoice_address
    return names.whole(address.name_parts, scheme, address.name_cached) or ""


def invoice_name_part(key, scheme, order):
    """A part of the name in the invoice address."""
    address = order.invoice_address
    return names.part(address.name_parts, key, scheme, address.name_cached)


def country_code(value):
    """An ISO code from a country field, which is an object, an empty string or None."""
    return str(value or "")


@dataclass(frozen=True)
class _Loaded:
    """An order with the positions that the snapshot loaded."""

    status: str
    positions: Sequence[OrderPosition]


def state(related, order, position=None):
    """The state of the order, or of one of its positions: see ``state_of``."""
    return state_of(_Loaded(order.status, related(order, "positions")), position)


def moment(dt, timezone):
    """ISO 8601 in the event's time zone, so that a date taken from it is the day on the event's calendar."""
    return dt.astimezone(timezone).isoformat() if dt else None


def payment_date(order, related):
    """When the newest payment was made; as in core, empty while the order is pending."""
    if order.status == Order.STATUS_PENDING:
        return None
    return max((p.payment_date for p in related(order, "payments") if p.payment_date), default=None)


def answer(position, identifier, related):
    """The position's answer, else that of the position it is an add-on to, as the snapshot prepared it."""
    own = related(position, "answers").get(identifier)
    if own is None and position.addon_to_id:
        own = related(position.addon_to, "answers").get(identifier)
    return own


def answer_of_order(order, identifier, related):
    """The answer to a question about the order as a whole, as the snapshot prepared it."""
    return related(order, "answers").get(identifier)
