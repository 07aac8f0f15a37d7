"""Which associations an order no longer stands for. Pure.

Only an association with a record that stands for this order or one of its positions is ever removed.
One between records that others share, such as a contact and a company, may be true for a hundred other reasons.
"""

from collections.abc import Iterable, Iterator, Mapping

from .results import Sent
from .types import DETACH
from .wanted import OrderPlan, Plan

Source = tuple[int, int | None]  # (mapping, position)
Where = tuple[str, str]  # (object type, record id)


def wants_detaching(order: OrderPlan) -> bool:
    """Whether one of the order's mappings removes anything at all."""
    return any(DETACH in (spec.options.canceled, spec.options.replaced) for spec in order.specs)


def obsolete(
    plan: Plan,
    order: OrderPlan,
    earlier: Mapping[Source, Where],
    outcomes: Mapping[tuple[str, str], object],
    made: Iterable[str],
) -> list[str]:
    """The associations to remove, by name; ``earlier`` says where the order's records were, ``made`` what we linked."""
    now = dict(_where(order, outcomes))
    own = {where for ref, where in _by_ref(order, outcomes) if plan.records[ref].ours}
    gone = {where for source, where in earlier.items() if where not in now.values() and _detaches(order, source)}
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


def _detaches(order: OrderPlan, source: Source) -> bool:
    mapping, position = source
    spec = next((spec for spec in order.specs if spec.id == mapping), None)
    if spec is None or any((item.mapping, item.position) == source for item in order.filtered):
        return False
    return (spec.options.canceled if position in order.canceled else spec.options.replaced) == DETACH


def _where(order: OrderPlan, outcomes: Mapping[tuple[str, str], object]) -> Iterator[tuple[Source, Where]]:
    for mapping, records in order.records.items():
        for position, ref in records:
            outcome = outcomes.get(ref)
            if isinstance(outcome, Sent):
                yield (mapping, position), (ref[0], outcome.record_id)


def _by_ref(order: OrderPlan, outcomes: Mapping[tuple[str, str], object]) -> Iterator[tuple[tuple[str, str], Where]]:
    for ref in {ref for records in order.records.values() for _, ref in records}:
        outcome = outcomes.get(ref)
        if isinstance(outcome, Sent):
            yield ref, (ref[0], outcome.record_id)
