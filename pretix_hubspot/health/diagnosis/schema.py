"""Checks of the object mappings against the portal's current schema."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pretix_hubspot.catalog.object_types import stage_properties
from pretix_hubspot.connections.conventions import currency_note
from pretix_hubspot.failures.access import explain
from pretix_hubspot.hubspot.errors import Forbidden, InvalidInput, MissingScope, NotFound
from pretix_hubspot.mappings.editing import describe_mapping
from pretix_hubspot.mappings.stored import StoredMapping

from .findings import Status, fail, ok, warn


def mappings(diagnosis):
    if not diagnosis.mappings:
        yield warn(_("There is no object mapping, so nothing is sent."), "", diagnosis.url("settings"))
    for mapping in diagnosis.mappings:
        if not mapping.is_complete:
            text = _("{mapping}: has no identifier, so nothing is sent.").format(mapping=_name(diagnosis, mapping))
            yield warn(text, "", _editor(diagnosis, mapping))
    if complete := [mapping for mapping in diagnosis.mappings if mapping.is_complete]:
        text = ngettext("One object mapping is in use.", "{number} object mappings are in use.", len(complete))
        yield ok(text.format(number=len(complete)))


def identifiers(diagnosis):
    """Fail for object types without properties, and for identifiers that do not find records."""
    bad = []
    for setup in _complete(diagnosis):
        error = diagnosis.schema_errors.get(setup.object_type)
        problem = explain(error) if error else setup.identifier_problem(setup.mapping.external_id_field)
        if problem:
            bad.append(_about(diagnosis, setup, problem, warn if getattr(error, "retryable", False) else fail))
    yield from bad or [ok(_("HubSpot knows the object types, and records can be found by their identifiers."))]


def properties(diagnosis):
    """Judge each row as the editor does: fail if it cannot be written, warn if some orders may be refused."""
    bad, count = [], 0
    for setup in _complete(diagnosis):
        if setup.missing_note:
            bad.append(_about(diagnosis, setup, setup.missing_note, warn))
        for row in setup.stored.rows:
            definition = setup.definitions.get(row.external_field)
            usable = definition and definition.writable and row.pretix_field in setup.fields
            label = definition.label if definition else row.external_field
            notes = [note if label in note else f"{label}: {note}" for note in setup.notes(row)]
            harmless = usable or row.is_lost or setup.is_foreign
            bad += [_about(diagnosis, setup, note, warn if harmless else fail) for note in notes]
            count += bool(usable)
    yield from bad
    if not any(finding.status == Status.FAIL for finding in bad):
        text = ngettext("One mapped property can be written.", "{number} mapped properties can be written.", count)
        yield ok(text.format(number=count))


def currency(diagnosis):
    """Warn of amounts in a currency that the portal does not use: they are left out."""
    if note := currency_note(diagnosis.event, diagnosis.connection):
        yield warn(note)
    else:
        yield ok(_("Amounts arrive in the currency of the event."))


def options(diagnosis):
    """Fail for values of value maps that are not options any more."""
    bad, maps = [], 0
    for setup in _complete(diagnosis):
        for row in setup.stored.rows:
            definition, value_map = setup.definitions.get(row.external_field), row.value_map
            if not value_map or definition is None or not definition.options:
                continue
            maps += 1
            if gone := _lost_options(value_map, definition):
                text = _("The HubSpot field “{field}” no longer has these options: {options}")
                text = text.format(field=definition.label, options=", ".join(gone))
                bad.append(_about(diagnosis, setup, text, warn if setup.is_foreign else fail))
    text = ngettext("One value map was checked.", "{number} value maps were checked.", maps)
    yield from bad or [ok(text.format(number=maps))]


def _lost_options(value_map, definition):
    have = {option.value for option in definition.options}
    return sorted({part for value in value_map.values() for part in value.split(";") if part} - have)


def pipelines(diagnosis):
    bad, used = [], 0
    for setup in _complete(diagnosis):
        if setup.stored.pipeline:
            used += 1
            if problem := _pipeline_problem(setup):
                bad.append(_about(diagnosis, setup, problem, warn if setup.is_foreign else fail))
    text = ngettext("One pipeline is in use.", "{number} pipelines are in use.", used)
    yield from bad or [ok(text.format(number=used))]


def _pipeline_problem(setup):
    chosen = setup.stored.pipeline
    pipeline = next((p for p in setup.pipelines if p.id == chosen.pipeline), None)
    if pipeline is None or not set(stage_properties(setup.object_type)) <= set(setup.definitions):
        return _("The chosen pipeline no longer exists in HubSpot.")
    if set(chosen.stages.values()) - {stage.id for stage in pipeline.stages if not stage.archived}:
        return _("A chosen stage of the pipeline “{pipeline}” no longer exists in HubSpot.").format(
            pipeline=pipeline.label
        )
    return None


def associations(diagnosis):
    """Fail for pairs of object types and labels that HubSpot does not list as associations."""
    bad, pairs = [], _associated_types(diagnosis)
    for (source, target), entries in pairs.items():
        mapping = entries[0][0]
        try:
            kinds, reason = diagnosis.client.association_labels(source, target), ""
        except (InvalidInput, Forbidden, MissingScope, NotFound) as error:
            kinds, reason = (), explain(error)
        if not kinds:
            text = _("HubSpot cannot link {source} and {target}.")
            text = text.format(source=diagnosis.catalog.label(source), target=diagnosis.catalog.label(target))
            bad.append(fail(text, reason, _editor(diagnosis, mapping)))
            continue
        have = {f"{kind.category}:{kind.type_id}" for kind in kinds}
        for mapping, entry in entries:
            if entry.type not in {"", *have} and not entry.is_foreign(diagnosis.catalog.connection.portal_id):
                text = _("{mapping}: HubSpot no longer has the association label “{label}”. Please choose it again.")
                text = text.format(mapping=_name(diagnosis, mapping), label=entry.label)
                bad.append(fail(text, "", _editor(diagnosis, mapping)))
    text = ngettext(
        "One pair of object types can be linked.", "{number} pairs of object types can be linked.", len(pairs)
    )
    yield from bad or [ok(text.format(number=len(pairs)))]


def _associated_types(diagnosis):
    """(from type, to type) -> the mappings that associate them, with their entries."""
    by_pk, pairs = {mapping.pk: mapping for mapping in diagnosis.mappings}, {}
    for mapping in diagnosis.mappings:
        for entry in StoredMapping.of(mapping).associations:
            if earlier := by_pk.get(entry.mapping):
                pair = mapping.external_object_type, earlier.external_object_type
                pairs.setdefault(pair, []).append((mapping, entry))
    return pairs


def _complete(diagnosis):
    return [setup for setup in diagnosis.setups if setup.mapping.is_complete]


def _about(diagnosis, setup, note, status):
    return status(f"{_name(diagnosis, setup.mapping)}: {note}", "", _editor(diagnosis, setup.mapping))


def _name(diagnosis, mapping):
    return describe_mapping(mapping, diagnosis.catalog)


def _editor(diagnosis, mapping):
    return diagnosis.url("mapping.edit", mapping=mapping.pk)
