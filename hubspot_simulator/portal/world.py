"""The whole content of a portal as a plain literal, without ids and in a fixed order.

A synchronisation test ends with ``assert sim.world(...) == {...}``.
"""

from collections.abc import Mapping, Sequence

from hubspot_simulator.crm.associations.state import AssociationType
from hubspot_simulator.crm.objects.state import Record

from .state import Portal


def world(portal: Portal, properties: Mapping[str, Sequence[str]]) -> dict[str, list[dict]]:
    """The live records of the chosen types with the chosen properties.

    The first property named of a type identifies its records; they are sorted by it.
    An unset property is None.
    ``associations`` holds, for every other chosen type with at least one link, the sorted identifying values of
    the linked records, followed by the labels in brackets: ``"Primary"`` gives ``"Acme [Primary]"``.
    Records that are linked to nothing have no such key.
    """
    chosen = {portal.object_type(name).name: (name, list(wanted)) for name, wanted in properties.items()}
    return {
        spelled: sorted(
            (_entry(portal, record, wanted, chosen) for record in portal.store(type_name)),
            key=lambda entry: [str(entry[name]) for name in wanted],
        )
        for type_name, (spelled, wanted) in chosen.items()
    }


def _entry(portal: Portal, record: Record, wanted: list[str], chosen: Mapping[str, tuple[str, list[str]]]) -> dict:
    entry: dict = {name: record.properties.get(name) for name in wanted}
    links: dict[str, list[str]] = {}
    for (other_type, other_id), entries in portal.associations.neighbours((record.type_name, record.id)):
        other = portal.store(other_type).live.get(other_id)
        if other is not None and other_type in chosen:
            spelled, others_wanted = chosen[other_type]
            links.setdefault(spelled, []).append(f"{other.get(others_wanted[0])}{_labels(entries)}")
    if links:
        entry["associations"] = {name: sorted(links[name]) for name in sorted(links)}
    return entry


def _labels(entries: list[AssociationType]) -> str:
    labels = sorted(entry.label for entry in entries if entry.label)
    return f" [{', '.join(labels)}]" if labels else ""
