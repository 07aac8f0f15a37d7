"""Object mappings on the settings page: the rows, the suggestion, and the portal's schema behind them."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import render
from django.utils.functional import cached_property
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views import View
from django.views.generic.base import ContextMixin

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.catalog.key_properties import KeyPropertyUnusable
from pretix_hubspot.catalog.object_types import ALWAYS, STANDARD
from pretix_hubspot.connections.conventions import currency_note
from pretix_hubspot.connections.lifecycle import for_event, is_active, refresh_account
from pretix_hubspot.connections.user_request_limit import REFRESH, TOO_EARLY, may_ask
from pretix_hubspot.control.forms.mappings import ObjectMappingFormSet, object_type_choices
from pretix_hubspot.failures.access import UNAVAILABLE, explain
from pretix_hubspot.health.actions import retry_deleted
from pretix_hubspot.health.campaigns import shown
from pretix_hubspot.health.words import retried_text
from pretix_hubspot.mappings import drift
from pretix_hubspot.mappings.limit_texts import too_much
from pretix_hubspot.mappings.reading import Problem
from pretix_hubspot.mappings.store import SuggestionImpossible, TooMuch
from pretix_hubspot.mappings.suggestions import ATTENDEES, EVERYTHING, apply_suggestion, possible
from pretix_hubspot.models import EventConnection
from pretix_hubspot.server.patience import ASKED_FOR
from pretix_hubspot.server.workers import call_worker
from pretix_hubspot.sync.queue.outdated_orders import glance
from pretix_hubspot.sync.queue.scope import mapped
from pretix_hubspot.sync.run import removals
from pretix_hubspot.values.money import CURRENCIES

from .base import HubSpotEventMixin
from .outdated_text import outdated_text

NO_ATTENDEES = gettext_lazy(
    "Attendees have been left out of the suggestion, since this event does not ask for their email addresses."
)


def object_mappings_context(request, event_connection):
    """The context of ``pretix_hubspot/includes/object_mappings.html``. Works from the stored copy while HubSpot is
    down.
    """
    catalog = Catalog(event_connection.connection, patience=ASKED_FOR)
    problem = catalog.freshen()
    age = catalog.age()
    formset = rows_formset(request.event, catalog)
    note_schema_changes(formset, catalog)
    return {
        "mapping_formset": formset,
        "nothing_is_sent": not mapped().filter(event=request.event).exists(),
        "outdated": outdated_text(glance(request.event)),
        "campaign": shown(request.event),
        "catalog_problem": explain(problem) if problem else None,
        "catalog_refreshed": now() - age if age is not None else None,
        "catalog_left_out": [left_out_text(entry) for entry in catalog.left_out()],
    }


def note_schema_changes(formset, catalog):
    """Attach to each row the changes of HubSpot's schema that concern it."""
    for form in formset.initial_forms:
        form.changes = drift.changes(form.instance, catalog)


def rows_formset(event, catalog):
    """The rows of an event with the portal's object types to choose from."""
    return ObjectMappingFormSet(None, event=event, object_types=choices_of(catalog))


def choices_of(catalog):
    """The portal's object types; while the portal cannot be asked, those that every portal has."""
    try:
        return object_type_choices(catalog)
    except UNAVAILABLE:
        return [(name, STANDARD[name].plural) for name in ALWAYS]


def left_out_text(entry):
    """Why an object type is not offered."""
    name = STANDARD[entry["name"]].plural if entry["name"] in STANDARD else _("Custom objects")
    if entry["reason"] == "disabled":
        return _("{object_type}: switched off in this HubSpot account").format(object_type=name)
    return _("{object_type}: HubSpot has not granted {scopes}").format(
        object_type=name, scopes=", ".join(entry["scopes"])
    )


class ConnectedMixin(HubSpotEventMixin, ContextMixin):
    """A page that requires a connection of the event; without one, it leads back to the settings page."""

    def dispatch(self, request, *args, **kwargs):
        if is_active(request.event) and not self.event_connection:
            messages.error(request, _("This event is not yet connected to a HubSpot account."))
            return self.back_to_settings()
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def event_connection(self):
        return for_event(self.request.event)

    @cached_property
    def catalog(self):
        return Catalog(self.event_connection.connection, patience=ASKED_FOR)


class SaveMappings(ConnectedMixin, View):
    """Save the rows; ask first if a setup would be dropped, and whether its records go as well."""

    removing = 0

    def post(self, request, *args, **kwargs):
        object_types = choices_of(self.catalog)  # may ask HubSpot, so no row is locked yet
        with transaction.atomic():
            lock_mappings(self.event_connection)
            formset = ObjectMappingFormSet(request.POST, event=request.event, object_types=object_types)
            problem = self.problem_of(formset)
            if not problem and formset.losing and "confirmed" not in request.POST:
                return self.ask(formset)
            if not problem:
                self.removing = self.mark_records(formset)
                formset.save_rows(request.user)
        if self.removing:
            removals.queue(self.event_connection)
            call_worker(self.event_connection.connection_id)
        if not problem and (retried := retry_deleted(self.event_connection, request.user)):
            messages.success(request, retried_text(retried))
        return self.answer(problem)

    def mark_records(self, formset):
        """Mark the records of deleted mappings to be removed from HubSpot, if the user wants that. Returns how many."""
        if "remove_records" not in self.request.POST:
            return 0
        count = removals.mark(removals.of_mappings(self.event_connection, formset.removable))
        if count:
            self.request.event.log_action(
                "pretix_hubspot.removal.started", user=self.request.user, data={"records": count}
            )
        return count

    @staticmethod
    def problem_of(formset):
        if formset.is_stale:
            return _(
                "Somebody else has changed the object mappings in the meantime. Your changes have not been saved. "
                "Please check the current state below and try again."
            )
        if not formset.is_valid() and any(error.code == "too_many_forms" for error in formset.non_form_errors().data):
            return too_much(Problem("too_many_mappings"))
        if not formset.is_valid():
            return _("Your changes have not been saved. Please choose both object types in every row.")
        return None

    def ask(self, formset):
        posted = [(k, v) for k, values in self.request.POST.lists() for v in values if k != "csrfmiddlewaretoken"]
        losing = list(formset.describe_losing(self.catalog))
        context = self.get_context_data(
            losing=losing,
            deleted=len(losing) if all(entry["deleted"] for entry in losing) else 0,
            removable=removals.of_mappings(self.event_connection, formset.removable).count(),
            posted=posted,
        )
        return render(self.request, "pretix_hubspot/mappings_confirm.html", context)

    def answer(self, problem):
        if problem:
            messages.error(self.request, problem)
        else:
            messages.success(self.request, _("Your changes have been saved."))
        if self.removing:
            text = ngettext(
                "{count} object is now being removed from HubSpot in the background.",
                "{count} objects are now being removed from HubSpot in the background.",
                self.removing,
            )
            messages.info(self.request, text.format(count=self.removing))
        return self.back_to_settings()


def lock_mappings(event_connection):
    """Lock an event's mappings against other users, until the transaction ends."""
    return EventConnection.objects.select_for_update().get(pk=event_connection.pk)


class Suggest(ConnectedMixin, View):
    """*Start with a suggestion*; refuses if the event has mappings."""

    def post(self, request, *args, **kwargs):
        wanted = request.POST.getlist("wanted") or EVERYTHING
        try:
            mappings = apply_suggestion(self.event_connection, wanted, request.user, self.catalog)
        except (SuggestionImpossible, KeyPropertyUnusable, *UNAVAILABLE) as e:
            messages.error(request, suggestion_problem(e))
        else:
            messages.success(request, suggestion_made(mappings))
            warn_of_currency(request, self.event_connection, mappings)
            if ATTENDEES in wanted and ATTENDEES not in possible(request.event, self.catalog):
                messages.info(request, NO_ATTENDEES)
        return self.back_to_settings()


def warn_of_currency(request, event_connection, mappings):
    """Warn of deals without amounts, if the portal does not use the event's currency."""
    note = currency_note(request.event, event_connection.connection)
    if note and any(mapping.external_object_type in CURRENCIES for mapping in mappings):
        messages.warning(request, note)


def suggestion_problem(error):
    """Why no suggestion is possible, and what to do."""
    if isinstance(error, TooMuch):
        return _("No object mappings have been added. {problem}").format(problem=error.text)
    if isinstance(error, SuggestionImpossible) and error.reason == "mapped":
        return _(
            "This event already has object mappings, so nothing has been added. "
            "To start with a suggestion, delete them first."
        )
    if isinstance(error, SuggestionImpossible):
        return _("There is nothing to suggest: HubSpot has granted pretix neither contacts nor deals.")
    if isinstance(error, KeyPropertyUnusable):
        return _(error.message).format(property=error.name)
    return _("No object mappings have been added. {problem}").format(problem=explain(error))


def suggestion_made(mappings):
    """The message about the added mappings."""
    return ngettext(
        "{count} object mapping has been added. Please have a look at it before the first orders arrive.",
        "{count} object mappings have been added. Please have a look at them before the first orders arrive.",
        len(mappings),
    ).format(count=len(mappings))


class RefreshCatalog(ConnectedMixin, View):
    """*Refresh from HubSpot*: the list of object types, and every object type that is stored."""

    def post(self, request, *args, **kwargs):
        self.refresh()
        return self.back_to_settings()

    def refresh(self):
        if not may_ask(self.event_connection.connection, REFRESH):
            messages.info(self.request, TOO_EARLY)
            return
        try:
            self.catalog.refresh()
            refresh_account(self.event_connection.connection)
        except UNAVAILABLE as e:
            messages.error(self.request, explain(e))
        else:
            messages.success(self.request, _("Object types and properties have been refreshed from HubSpot."))
