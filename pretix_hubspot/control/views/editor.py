"""*Edit mapping*: identifier, properties, pipeline and stages, associations of one object mapping."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views import View

from pretix_hubspot.catalog.catalog import Catalog
from pretix_hubspot.catalog.key_properties import KeyPropertyUnusable, ensure_key_property
from pretix_hubspot.connections.user_request_limit import REPAIR, may_ask
from pretix_hubspot.control.forms.editor import MappingEditor
from pretix_hubspot.control.forms.errors import mistakes
from pretix_hubspot.control.forms.property_rows import ROW_KEYS
from pretix_hubspot.failures.access import UNAVAILABLE, explain
from pretix_hubspot.health.actions import retry_mapping
from pretix_hubspot.health.words import retried_text
from pretix_hubspot.mappings.editing import EditorSetup, describe_mapping
from pretix_hubspot.mappings.store import log_data
from pretix_hubspot.mappings.stored import StoredRow
from pretix_hubspot.server.patience import PERSON
from pretix_hubspot.sources.registry import SOURCES
from pretix_hubspot.sources.snapshot import CONSTANT

from .mappings import ConnectedMixin, RefreshCatalog
from .resend import report_outdated


class MappingMixin(ConnectedMixin):
    """A page about one of the event's object mappings."""

    def mapping(self, lock=False):
        mappings = self.request.event.hubspot_object_mappings
        return get_object_or_404(mappings.select_for_update() if lock else mappings, pk=self.kwargs["mapping"])

    def back_to_mapping(self):
        return HttpResponseRedirect(self.event_url("mapping.edit", mapping=self.kwargs["mapping"]))


class EditMapping(MappingMixin, View):
    """The editor. It works from the stored catalogue while HubSpot is down; two users' saves do not overwrite each
    other.
    """

    def get(self, request, *args, **kwargs):
        mapping = self.mapping()
        if "fix" in request.GET and may_ask(self.event_connection.connection, REPAIR):
            problem = self.catalog.fetch_all_again([mapping.external_object_type])
        else:
            # A page that opens from the stored copy need not wait long for a better one.
            self.catalog = Catalog(self.event_connection.connection, patience=PERSON)
            problem = self.catalog.freshen_for_user([mapping.external_object_type])
        return self.page(MappingEditor(mapping, self.catalog), problem)

    def post(self, request, *args, **kwargs):
        editor = MappingEditor(self.mapping(), self.catalog, request.POST)
        if editor.is_stale or not editor.is_valid():  # the latter may ask HubSpot, so no row is locked before
            return self.refused(editor)
        with transaction.atomic():
            editor.mapping = editor.setup.mapping = self.mapping(lock=True)
            accepted = not editor.is_stale
            before = editor.setup.named
            changed = accepted and editor.save(request.user)
        if not accepted:
            return self.refused(editor)
        messages.success(request, _("Your changes have been saved."))
        if retried := retry_mapping(self.event_connection, editor.mapping, before | editor.setup.named, request.user):
            messages.success(request, retried_text(retried))
        if changed:
            report_outdated(request)
        return self.back_to_mapping()

    def refused(self, editor):
        if editor.is_stale:
            editor.accept_current_revision()
            messages.error(
                self.request,
                _(
                    "Somebody else has changed this mapping in the meantime. Your changes have not been saved. "
                    "Open this page in a new tab to see the current state, or save again to replace it with yours."
                ),
            )
        return self.page(editor, mistakes=mistakes(editor))

    def page(self, editor, problem=None, **context):
        problem = problem or editor.setup.error
        age = self.catalog.age(editor.mapping.external_object_type)
        context = self.get_context_data(
            editor=editor,
            mapping=editor.mapping,
            title=describe_mapping(editor.mapping, self.catalog),
            object_type=self.catalog.label(editor.mapping.external_object_type),
            catalog_problem=explain(problem) if problem else None,
            catalog_refreshed=now() - age if age is not None else None,
            **context,
        )
        return render(self.request, "pretix_hubspot/mapping.html", context)


class CheckRow(MappingMixin, View):
    """The warning symbol of a row, for the editor's script; does not ask HubSpot."""

    def get(self, request, *args, **kwargs):
        return self.answer(request.GET)

    def post(self, request, *args, **kwargs):
        return self.answer(request.POST)  # a value map may be too long for an address

    def answer(self, data):
        setup = EditorSetup(self.mapping(), self.catalog)
        row = StoredRow.from_json({name: data.get(name, "") for name in ROW_KEYS})
        pair = row.pretix_field, row.external_field
        return JsonResponse(
            {
                "notes": setup.notes(row) if all((*pair, row.mode)) else [],
                "takes_value_map": setup.takes_value_map(*pair),
                "takes_choices": setup.takes_choices(*pair),
                "options": setup.option_labels(row.external_field) if row.pretix_field == CONSTANT else [],
            }
        )


class CreateKeyProperty(MappingMixin, View):
    """Create the unique property for the identifier in HubSpot, and make it the identifier."""

    def post(self, request, *args, **kwargs):
        mapping = self.mapping()
        try:
            definition = ensure_key_property(self.catalog, mapping.external_object_type, mapping.pretix_model)
        except (KeyPropertyUnusable, *UNAVAILABLE) as e:
            messages.error(request, self.problem(e))
        else:
            mapping = self.make_identifier(mapping, definition)
            retry_mapping(self.event_connection, mapping, {definition.name}, request.user)
            messages.success(
                request,
                _("HubSpot now has the property “{property}”, and it identifies the objects.").format(
                    property=definition.label
                ),
            )
        return self.back_to_mapping()

    @staticmethod
    def problem(error):
        if isinstance(error, KeyPropertyUnusable):
            return _(error.message).format(property=error.name)
        return explain(error)

    def make_identifier(self, mapping, definition):
        """Change only the identifier, also if another user edits the mapping at the same time."""
        with transaction.atomic():
            mapping = self.mapping(lock=True)
            mapping.pretix_id_field = SOURCES[mapping.pretix_model].key_property.field
            mapping.external_id_field = definition.name
            mapping.revision += 1
            mapping.save(update_fields=["pretix_id_field", "external_id_field", "revision"])
            mapping.log_action("pretix_hubspot.mapping.changed", user=self.request.user, data=log_data(mapping))
        return mapping


class RefreshMappingCatalog(MappingMixin, RefreshCatalog):
    """*Refresh from HubSpot* in the editor; it shares the limit of one refresh a minute with the settings page."""

    def post(self, request, *args, **kwargs):
        self.mapping()  # otherwise the page is not found
        self.refresh()
        return self.back_to_mapping()
