"""The owner of each shared record among the subjects outside of the plan that use it."""

from collections.abc import Mapping

from django.db.models import OuterRef, QuerySet, Subquery

from pretix_hubspot.mappings.spec import BUYER, NEWEST
from pretix_hubspot.models import KnownRecord, RecordUse
from pretix_hubspot.sources.snapshot import Subject
from pretix_hubspot.sync.plan.ownership import Contributor
from pretix_hubspot.sync.plan.plan import Plan, RecordKey

#: By policy, the order in which ``ownership.rank`` would put those that use a record; any other policy has the first.
#: Each reads one entry of the index, however many use the record.
_ORDER = {NEWEST: ("-subject_pk", "-part"), "": ("subject_pk", "part")}


def owners(plan: Plan, records: Mapping[RecordKey, int]) -> dict[RecordKey, Contributor]:
    """The owners of these records, by the policy of each; without those whose only users are in the plan."""
    if not records:
        return {}
    by_policy: dict[str, list[RecordKey]] = {}
    for ref in records:
        by_policy.setdefault(plan.records[ref].policy, []).append(ref)
    uses = RecordUse.objects.filter(state=RecordUse.State.SENT)
    for kind in {subject.kind for subject in plan.subjects}:
        pks = [subject.pk for subject in plan.subjects if subject.kind == kind]
        uses = uses.exclude(subject_kind=kind, subject_pk__in=pks)
    best: dict[RecordKey, int] = {}
    for policy, refs in by_policy.items():
        found = _best(uses, policy, [records[ref] for ref in refs])
        best |= {ref: found[records[ref]] for ref in refs if records[ref] in found}
    by_pk = RecordUse.objects.in_bulk(set(best.values())) if best else {}
    return {ref: _contributor(by_pk[use]) for ref, use in best.items() if use in by_pk}


def _best(uses: QuerySet[RecordUse], policy: str, records: list[int]) -> dict[int, int]:
    """By record, the use of the first rank."""
    own = uses.filter(record=OuterRef("pk"))
    ranked = own.order_by(*_ORDER.get(policy, _ORDER[""])).values("pk")[:1]
    rows = KnownRecord.objects.filter(pk__in=records).annotate(first=Subquery(ranked))
    best = dict(rows.exclude(first=None).values_list("pk", "first"))
    if policy == BUYER:
        buyers = rows.annotate(buyer=Subquery(own.filter(part=0).order_by("subject_pk").values("pk")[:1]))
        best |= dict(buyers.exclude(buyer=None).values_list("pk", "buyer"))
    return best


def _contributor(use: RecordUse) -> Contributor:
    return Contributor(Subject(use.subject_kind, use.subject_pk), use.part or None, use.label)
