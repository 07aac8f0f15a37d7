"""Receivers of pretix's signals: orders, pages of the control area, copies of events, the periodic task."""

from collections import OrderedDict

from django import forms
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from pretix.base.forms import SecretKeySettingsField
from pretix.base.models import Order
from pretix.base.models.datasync import OrderSyncQueue
from pretix.base.signals import (
    event_copy_data,
    order_approved,
    order_canceled,
    order_changed,
    order_denied,
    order_expired,
    order_expiry_changed,
    order_modified,
    order_paid,
    order_placed,
    order_reactivated,
    order_split,
    periodic_task,
    register_data_shredders,
    register_global_settings,
)
from pretix.control.signals import (
    event_dashboard_top,
    html_page_start,
    nav_event_settings,
    nav_organizer,
    order_info,
)

from pretix_hubspot.catalog import last_failure
from pretix_hubspot.connections import lifecycle
from pretix_hubspot.connections.connecting import access_granted
from pretix_hubspot.connections.pausing import event_resumed
from pretix_hubspot.control.views import core_pages
from pretix_hubspot.mappings.copying import copy_mappings
from pretix_hubspot.models import Heartbeat, ObjectMapping
from pretix_hubspot.server.config import CLIENT_ID_SETTING, CLIENT_SECRET_SETTING
from pretix_hubspot.server.links import NAMESPACE, event_url, organizer_url
from pretix_hubspot.server.permissions import may_manage_connections
from pretix_hubspot.server.workers import call_worker
from pretix_hubspot.sync.provider import HubSpotSyncProvider
from pretix_hubspot.sync.queue import order_queue, schedule, unmapped
from pretix_hubspot.sync.queue.triggers import Trigger
from pretix_hubspot.sync.run import forgetting
from pretix_hubspot.sync.shredder import HubSpotShredder
from pretix_hubspot.tasks import run_periodic


def _enqueue(event, order, trigger):
    event_connection = lifecycle.for_event(event)
    if event_connection is None:
        return
    HubSpotSyncProvider.enqueue_order(order, trigger)
    call_worker(event_connection.connection_id)


def _receive(signal, trigger):
    @receiver(signal, dispatch_uid=f"pretix_hubspot_{trigger}", weak=False)
    def enqueue(sender, order, **kwargs):
        _enqueue(sender, order, trigger)

    return enqueue


for _signal, _trigger in (
    (order_placed, Trigger.ORDER_PLACED),
    (order_paid, Trigger.ORDER_PAID),
    (order_modified, Trigger.ORDER_MODIFIED),
    (order_changed, Trigger.ORDER_CHANGED),
    (order_approved, Trigger.ORDER_APPROVED),
    (order_denied, Trigger.ORDER_DENIED),
    (order_canceled, Trigger.ORDER_CANCELED),
    (order_expired, Trigger.ORDER_EXPIRED),
    (order_reactivated, Trigger.ORDER_REACTIVATED),
    (order_expiry_changed, Trigger.ORDER_EXPIRY_CHANGED),
):
    _receive(_signal, _trigger)


@receiver(order_split, dispatch_uid="pretix_hubspot_order_split")
def on_order_split(sender, original, split_order, **kwargs):
    for order in (original, split_order):
        _enqueue(sender, order, Trigger.ORDER_SPLIT)


@receiver(post_save, sender=OrderSyncQueue, dispatch_uid="pretix_hubspot_row_saved")
def on_row_saved(sender, instance, raw=False, **kwargs):
    """Core's pages and services save rows themselves."""
    if not raw and order_queue.is_waiting(instance):
        schedule.put_rows([instance])


@receiver(event_resumed, dispatch_uid="pretix_hubspot_event_resumed")
def on_event_resumed(sender, **kwargs):
    schedule.restore(sender)


@receiver(periodic_task, dispatch_uid="pretix_hubspot_periodic_task")
def on_periodic_task(sender, **kwargs):
    Heartbeat.record(Heartbeat.Name.PERIODIC)
    run_periodic.apply_async()


@receiver(register_data_shredders, dispatch_uid="pretix_hubspot_shredder")
def on_register_data_shredders(sender, **kwargs):
    return HubSpotShredder


@receiver(access_granted, dispatch_uid="pretix_hubspot_access_granted")
def on_access_granted(sender, connection, **kwargs):
    last_failure.retry_lacking(connection)


# Pages of the control area


@receiver(nav_event_settings, dispatch_uid="pretix_hubspot_nav_event_settings")
def show_in_event_settings(sender, request, **kwargs):
    active = request.resolver_match.namespace == NAMESPACE
    return [{"label": "HubSpot", "url": event_url(request.event, "settings"), "active": active}]


@receiver(nav_organizer, dispatch_uid="pretix_hubspot_nav_organizer")
def show_in_organizer_settings(sender, request, organizer, **kwargs):
    if not may_manage_connections(request):
        return []
    return [
        {
            "label": "HubSpot",
            "url": organizer_url(organizer, "organizer.connections"),
            "parent": reverse("control:organizer.edit", kwargs={"organizer": organizer.slug}),
            "active": request.resolver_match.namespace == NAMESPACE,
        }
    ]


@receiver(register_global_settings, dispatch_uid="pretix_hubspot_global_settings")
def ask_operator_for_app(sender, **kwargs):
    fields = OrderedDict()
    fields[CLIENT_ID_SETTING] = forms.CharField(label=_("HubSpot app: Client ID"), required=False)
    fields[CLIENT_SECRET_SETTING] = SecretKeySettingsField(label=_("HubSpot app: Client secret"), required=False)
    return fields


@receiver(event_dashboard_top, dispatch_uid="pretix_hubspot_event_dashboard_top")
def warn_on_dashboard(sender, request, **kwargs):
    notices = (core_pages.lost_access, core_pages.held_back, core_pages.not_connected)
    return next(filter(None, (notice(sender, request) for notice in notices)), "")


@receiver(html_page_start, dispatch_uid="pretix_hubspot_html_page_start")
def explain_sync_problems(sender, **kwargs):
    page = sender.resolver_match and sender.resolver_match.view_name
    if page == "control:event.datasync.failedjobs":
        return core_pages.why_failed(sender.event, sender)
    if page == "control:organizer.datasync.failedjobs":
        return core_pages.why_failed_in_events(sender.organizer, sender)
    return ""


@receiver(order_info, dispatch_uid="pretix_hubspot_order_info")
def explain_order(sender, order, request, **kwargs):
    return core_pages.about_order(sender, order, request)


@receiver(post_delete, sender=Order, dispatch_uid="pretix_hubspot_order_deleted")
def on_order_deleted(sender, instance, **kwargs):
    """Forget what an order in test mode used, since pretix lets users delete it."""
    forgetting.order_deleted(instance.pk)


# Object mappings


@receiver(event_copy_data, dispatch_uid="pretix_hubspot_copy_mappings")
def on_event_copied(sender, other, **maps):
    maps.pop("signal", None)
    copy_mappings(other, sender, **maps)


@receiver(post_save, sender=ObjectMapping, dispatch_uid="pretix_hubspot_first_mapping")
def on_mapping_saved(sender, instance, raw=False, **kwargs):
    """Queue the orders that were placed before the event's first mapping, so that no user has to send them."""
    if not raw and instance.is_complete and unmapped.queue(instance.event):
        call_worker(instance.event.hubspot_connection.connection_id)
