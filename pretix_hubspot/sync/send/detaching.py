"""Find the associations of a subject that are obsolete. Pure.

Only an association with a record that stands for this very order or one of its parts is ever removed.
One between records that others share, such as a contact and a company, may be true for a hundred other reasons.
"""

from collections.abc import Iterable, Mapping

from pretix_hubspot.mappings.spec import DETACH
from pretix_hubspot.sync.plan.plan import Plan, RecordKey, SubjectPlan

from .association import Association, Place, Use
from .outcome import SentRecord


def wants_detaching(planned: SubjectPlan) -> bool:
    """Whether one of the subject's mappings removes associations."""
    return any(DETACH in (spec.options.canceled, spec.options.replaced) for spec in planned.specs)


def obsolete(
    plan: Plan,
    planned: SubjectPlan,
    earlier: Iterable[tuple[Use, Place]],
    sent: Mapping[RecordKey, SentRecord],
    made: Iterable[Association],
) -> list[Association]:
    """The associations to remove of a subject whose records all arrived.

    ``earlier`` says where the subject's records were, ``made`` which associations pretix made.
    """
    now = {ref: (ref[0], sent[ref].record_id) for records in planned.records.values() for _, ref in records}
    own = {place for ref, place in now.items() if plan.records[ref].own_key}
    taken = {(mapping, part) for mapping, records in planned.records.items() for part, _ in records}
    gone = {
        place for use, place in earlier if place not in now.values() and _detaches(planned, use, replaced=use in taken)
    }
    return sorted(link for link in made if _is_obsolete(link, gone, own))


def _is_obsolete(link: Association, gone: set[Place], own: set[Place]) -> bool:
    return (link.source in gone and link.target in own) or (link.target in gone and link.source in own)


def _detaches(planned: SubjectPlan, use: Use, replaced: bool) -> bool:
    """Whether the mapping detaches a record that was canceled or replaced; an address that was emptied replaces
    none.
    """
    mapping, part = use
    spec = next((spec for spec in planned.specs if spec.id == mapping), None)
    if spec is None or any((item.mapping, item.part) == use for item in planned.filtered):
        return False
    if (spec.source.key, part) in planned.canceled:
        return spec.options.canceled == DETACH
    return replaced and not planned.shredded and spec.options.replaced == DETACH
