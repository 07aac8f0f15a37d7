"""The pretix permissions that our pages require, and whether a user has them.

Our pages lie in an event's settings and show orders: a user who may change the settings of an event may not see its
orders for that reason, and a user who may change the settings of the organizer may not see all of its events.
"""

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from pretix.base.models import Event, Organizer

EVENT_SETTINGS = "event.settings.general:write"
ORGANIZER_SETTINGS = "organizer.settings.general:write"
SEE_ORDERS = "event.orders:read"
CHANGE_ORDERS = "event.orders:write"


def may(request: HttpRequest, permission: str, event: Event | None = None) -> bool:
    """Whether the user has a permission in an event, by default in the request's."""
    event = event or request.event
    return request.user.has_event_permission(event.organizer, event, permission, request=request)


def may_change_settings(request: HttpRequest, event: Event | None = None) -> bool:
    """Whether the user may change the settings of an event, by default of the request's."""
    return may(request, EVENT_SETTINGS, event)


def may_see_orders(request: HttpRequest) -> bool:
    return may(request, SEE_ORDERS)


def may_change_orders(request: HttpRequest) -> bool:
    return may(request, CHANGE_ORDERS)


def require_seeing_orders(request: HttpRequest) -> None:
    if not may_see_orders(request):
        raise PermissionDenied(_("You need the permission to view orders to do this."))


def require_changing_orders(request: HttpRequest) -> None:
    if not may_change_orders(request):
        raise PermissionDenied(_("You need the permission to change orders to do this."))


def may_manage_connections(request: HttpRequest, organizer: Organizer | None = None) -> bool:
    """Whether the user may create, replace and disconnect connections of an organizer, by default of the request's."""
    return request.user.has_organizer_permission(organizer or request.organizer, ORGANIZER_SETTINGS, request=request)


def events_seen_by(request: HttpRequest) -> QuerySet[Event]:
    """The organizer's events that the user may see: pages name no other."""
    return request.user.get_events_with_any_permission(request).filter(organizer=request.organizer)


def events_with(request: HttpRequest, permission: str) -> QuerySet[Event]:
    """The organizer's events in which the user has a permission."""
    return request.user.get_events_with_permission(permission, request).filter(organizer=request.organizer)
