"""Our notices on pages of pretix itself: a problem with HubSpot, and a link to its repair.

Each returns HTML, or an empty string without a problem or for users who cannot repair it.
"""

from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _
from pretix.base.models import LogEntry
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.connections.lifecycle import for_event, is_active
from pretix_hubspot.connections.pausing import is_paused
from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.failures.exclusions import why_excluded
from pretix_hubspot.failures.explanations import explain, labelled, named, where_to_fix
from pretix_hubspot.failures.texts import describe_failure
from pretix_hubspot.health.causes import causes, causes_of, first_failure
from pretix_hubspot.health.counted import shown_of
from pretix_hubspot.health.numbers import FAILED, FAILING, NOT_IN_SCOPE, WAITING, state_of
from pretix_hubspot.models import PROVIDER, OrderState
from pretix_hubspot.server.config import server_config
from pretix_hubspot.server.permissions import EVENT_SETTINGS, events_with, may_change_settings, may_manage_connections
from pretix_hubspot.sources.event_context import EventContext
from pretix_hubspot.sync.joining import LEFT
from pretix_hubspot.sync.run.results import MISREAD

from .panels import ConnectionPanel

#: More causes than this, or more events, are listed on their own page.
MOST = 5


def lost_access(event, request):
    """The dashboard of an event that lost access, or part of it: its orders wait, so pretix itself does not warn."""
    event_connection = for_event(event)
    panel = ConnectionPanel(event_connection.connection, server_config()) if event_connection else None
    if not panel or not (panel.is_revoked or panel.lacks_scopes) or not may_change_settings(request, event):
        return ""
    numbers = shown_of([event.pk])[event.pk]
    context = {
        "health": numbers,
        "waiting": numbers.of(WAITING),
        "panel": panel,
        "may_manage": may_manage_connections(request),
    }
    return render_to_string("pretix_hubspot/notices/lost_access.html", context, request)


def not_connected(event, request):
    """The dashboard of a copied event: its mappings came along, its connection did not.

    No notice if the organizer disconnected the event, or if the event is over.
    """
    mappings = event.hubspot_object_mappings.count() if is_active(event) and not for_event(event) else 0
    if not mappings or _is_over(event) or not may_change_settings(request, event):
        return ""
    if LogEntry.objects.filter(event=event, action_type=LEFT).exists():
        return ""
    return render_to_string("pretix_hubspot/notices/not_connected.html", {"mappings": mappings}, request)


def held_back(event, request):
    """The dashboard of an event that was paused, or is in test mode: its orders do not arrive, and nothing fails."""
    event_connection = for_event(event)
    if not event_connection or not may_change_settings(request, event):
        return ""
    paused = next((row for row in (event_connection.connection, event_connection) if row.paused_since), None)
    if not paused and not (event.testmode and not event_connection.send_test_orders and _is_mapped(event)):
        return ""
    numbers = shown_of([event.pk])[event.pk] if paused else None
    context = {"paused": paused, "health": numbers, "waiting": numbers.of(WAITING) if numbers else 0}
    return render_to_string("pretix_hubspot/notices/held_back.html", context, request)


def _is_mapped(event):
    return event.hubspot_object_mappings.exists()


def _is_over(event):
    return not event.has_subevents and (event.date_to or event.date_from) < now()


def why_failed(event, request):
    """pretix' list of sync problems, which shows orders and no reasons."""
    if (
        not is_active(event)
        or not may_change_settings(request, event)
        or not (shared := causes(event, shown_of([event.pk])[event.pk]))
    ):
        return ""
    context = {"causes": shared[:MOST], "more": len(shared) > MOST}
    return render_to_string("pretix_hubspot/notices/why_failed.html", context, request)


def why_failed_in_events(organizer, request):
    """The same list for all events of an organizer: the events that the user may change."""
    visible = events_with(request, EVENT_SETTINGS)
    failing = OrderSyncQueue.objects.filter(FAILED, event=OuterRef("pk"), sync_provider=PROVIDER)
    events = {e.pk: e for e in visible.filter(Exists(failing)).select_related("organizer") if is_active(e)}
    numbers = shown_of(events)
    orders = {pk: found.of(FAILING) for pk, found in numbers.items()}
    worst = sorted(filter(orders.get, orders), key=orders.get, reverse=True)
    if not worst:
        return ""
    by_event = causes_of([events[pk] for pk in worst[:MOST]], numbers)
    shown = [(event, of_event[:MOST], len(of_event) > MOST) for event, of_event in by_event.items()]
    context = {"shown": shown, "more": len(worst) - len(shown)}
    return render_to_string("pretix_hubspot/notices/why_failed_in_events.html", context, request)


def about_order(event, order, request):
    """The page of an order that pretix' box shows without a reason: it failed, or it was never queued."""
    if not (event_connection := for_event(event)):
        return ""
    state, _reason = state_of(order)
    context = {}
    if state == FAILING:
        context = _failure(event, order)
    elif state == WAITING:
        context = _why_it_waits(event_connection)
    elif state == NOT_IN_SCOPE and not order.sync_results.filter(sync_provider=PROVIDER).exists():
        context = {"reason": why_excluded(Exclusion.BEFORE_CONNECTION)}
    context = context or _misread(event, order)
    if not context:
        return ""
    context["may_change"] = may_change_settings(request, event)
    return render_to_string("pretix_hubspot/notices/about_order.html", context, request)


def _why_it_waits(event_connection):
    """The reason to wait, for pretix only shows that the order is pending; empty if it is sent within minutes."""
    panel = ConnectionPanel(event_connection.connection, server_config())
    if panel.is_revoked:
        reason = _("This order waits, since HubSpot no longer accepts the access of pretix.")
        return {"reason": reason, "settings_link": _("Reconnect"), "revoked": True}
    if is_paused(event_connection):
        reason = _("This order waits, since the transfer is paused.")
        return {"reason": reason, "settings_link": _("Show the HubSpot settings")}
    if panel.is_resting and panel.resting_reason:
        until = date_format(localtime(panel.connection.resting_until), "SHORT_DATETIME_FORMAT")
        text = _("Orders wait until {until} and are then transferred automatically.").format(until=until)
        return {"reason": f"{panel.resting_reason} {text}"}
    return {}


def _misread(event, order):
    """The values that were left out of sent records, since HubSpot would misread them."""
    rows = order.sync_results.filter(sync_provider=PROVIDER).values_list("sync_info", flat=True)
    context = EventContext(event)
    refused = [pair for info in rows for pair in (info or {}).get(MISREAD, ())]
    sentences = [describe_failure(code, labelled(params, context)) for code, params in refused]
    return {"reason": " ".join(dict.fromkeys(sentences))} if sentences else {}


def _failure(event, order):
    failure = first_failure(OrderState.objects.filter(order=order).first())
    if failure is None:
        return {}
    context = EventContext(event)
    return {"problem": explain(named(failure, context)), "fix_url": where_to_fix(failure, context)}
