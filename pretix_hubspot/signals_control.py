"""Receivers for pretix's control area: navigation, the operator's settings, and what we say on pretix's own pages."""

from collections import OrderedDict

from django import forms
from django.dispatch import receiver
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from pretix.base.forms import SecretKeySettingsField
from pretix.base.signals import register_global_settings
from pretix.control.signals import (
    event_dashboard_top,
    html_page_start,
    nav_event_settings,
    nav_organizer,
    order_info,
)

from .config import CLIENT_ID_SETTING, CLIENT_SECRET_SETTING
from .server.links import NAMESPACE, event_url, organizer_url
from .server.permissions import may_manage_connections
from .views import notices


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
    return notices.lost_access(sender, request) or notices.not_connected(sender, request)


@receiver(html_page_start, dispatch_uid="pretix_hubspot_html_page_start")
def explain_sync_problems(sender, **kwargs):
    page = sender.resolver_match and sender.resolver_match.view_name
    if page == "control:event.datasync.failedjobs":
        return notices.why_failed(sender.event, sender)
    if page == "control:organizer.datasync.failedjobs":
        return notices.why_failed_in_events(sender.organizer, sender)
    return ""


@receiver(order_info, dispatch_uid="pretix_hubspot_order_info")
def explain_order(sender, order, request, **kwargs):
    return notices.about_order(sender, order, request)
