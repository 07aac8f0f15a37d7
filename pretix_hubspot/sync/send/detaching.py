"""Which associations an order no longer stands for. Pure.

Only an association with a record that stands for this order or one of its positions is ever removed.
One between records that others share, such as a contact and a company, may be true for a hundred other reasons.
"""

from collections.abc import Iterable, Mapping

from pretix_hubspot.mappings.spec import DETACH
from pretix_hubspot.sync.plan.plan import OrderPlan, Plan, RecordKey

from .outcome import Sent

Source = tuple[int, int | None]  # (mapping, position)
Where = tuple[str, str]  # (object type, record id)


def wants_detaching(order: OrderPlan) -> bool:
    """Whether one of the order's mappings removes anything at all."""
    return any(DETACH in (spec.options.canceled, spec.options.replaced) for spec in order.specs)


def obsolete(
    plan: Plan,
    order: OrderPlan,
    earlier: Mapping[Source, Where],
    sent: Mapping[RecordKey, Sent],
    made: Iterable[str],
) -> list[str]:
    """The associations to remove, by name, of an order whose records all arrived.

    ``earlier`` says where the order's records were, ``made`` what we linked.
    """
    now = {ref: (ref[0], sent[ref].record_id) for records in order.records.values() for _, ref in records}
    own = {where for ref, where in now.items() if plan.records[ref].ours}
    taken = {(mapping, position) for mapping, records in order.records.items() for position, _ in records}
    gone = {
        where
        for source, where in earlier.items()
        if where not in now.values() and _detaches(order, source, replaced=source in taken)
    }
    return sorted(name for name in made if _is_obsolete(name, gone, own))


def ends(name: str) -> tuple[Where, Where]:
    """The two records of a remembered association, see ``association_name``."""
    name = name.partition("#")[0]
    from_type, _, from_id = name.partition(">")[0].rpartition(":")
    to_type, _, to_id = name.partition(">")[2].rpartition(":")
    return (from_type, from_id), (to_type, to_id)


def _is_obsolete(name: str, gone: set[Where], own: set[Where]) -> bool:
    one, other = ends(name)
    return (one in gone and other in own) or (other in gone and one in own)


def _detaches(order: OrderPlan, source: Source, replaced: bool) -> bool:
    """Whose address was emptied, as pretix's data shredder does, is replaced by nobody."""
    mapping, position = source
    spec = next((spec for spec in order.specs if spec.id == mapping), None)
    if spec is None or any((item.mapping, item.position) == source for item in order.filtered):
        return False
    if position in order.canceled:
        return spec.options.canceled == DETACH
    return replaced and not order.shredded and spec.options.replaced == DETACH
