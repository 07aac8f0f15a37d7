"""Records that HubSpot takes only with an association to another record: leads, and types that an account's rules name
(hubspot.md 1.3 and 16).

They are created after their partners, with the associations in the same request. A refusal shows which object types
need this, and is remembered for the portal.
"""

from collections.abc import Iterable, Mapping

from pretix_hubspot.failures.codes import Code
from pretix_hubspot.failures.portal_rules import rule_behind
from pretix_hubspot.hubspot.data import AssociationLabel, AssociationType, InlineAssociation
from pretix_hubspot.hubspot.errors import HubSpotError, InvalidInput
from pretix_hubspot.sync.plan.plan import Plan, RecordKey, SubjectPlan
from pretix_hubspot.values.rows import Refusal

from .api import Api
from .batches import BatchCaller
from .outcome import FailedRecord, Outcome, SentRecord

#: HubSpot never takes these alone.
ALWAYS = frozenset({"leads"})
#: The partner has a failure of its own, which gives the reason.
WAITS = FailedRecord(refusals=(Refusal(Code.PARTNER_NOT_WRITTEN.value),))

Links = dict[RecordKey, tuple[InlineAssociation, ...]]


class RequiredAssociations:
    """The associations to send along with new records; their types are read once per pair of object types."""

    def __init__(self, api: Api, caller: BatchCaller) -> None:
        self._api = api
        self._caller = caller
        self._types: dict[tuple[str, str], tuple[AssociationType, ...]] = {}

    def links(self, object_type: str, plan: Plan, outcomes: Mapping[RecordKey, Outcome]) -> Links:
        """For each record of this type, one partner of each other type that is in HubSpot by now.

        Only one, since an account may allow no more; the others are associated afterwards.
        """
        partners_of: dict[RecordKey, dict[str, str]] = {}
        for planned in plan.subjects.values():
            for one, other in _pairs(planned):
                sent = outcomes.get(other)
                if one[0] == object_type != other[0] and isinstance(sent, SentRecord):
                    partners_of.setdefault(one, {}).setdefault(other[0], sent.record_id)
        return {ref: tuple(self._inline(object_type, partners)) for ref, partners in partners_of.items()}

    def _inline(self, object_type: str, partners: Mapping[str, str]) -> Iterable[InlineAssociation]:
        for other, record_id in partners.items():
            if types := self._types_of(object_type, other):
                yield InlineAssociation(record_id, types)

    def _types_of(self, one: str, other: str) -> tuple[AssociationType, ...]:
        """HubSpot's own types in this direction: the plain one, and the primary one that leads need."""
        if (one, other) not in self._types:
            self._types[one, other] = tuple(
                AssociationType(kind.category, kind.type_id)
                for kind in self._labels(one, other)
                if kind.category == "HUBSPOT_DEFINED" and (not kind.label or kind.label.lower() == "primary")
            )
        return self._types[one, other]

    def _labels(self, one: str, other: str) -> tuple[AssociationLabel, ...]:
        def ask(parts: list[list[tuple[str, str]]]) -> list[dict[tuple[str, str], tuple[AssociationLabel, ...]]]:
            [[pair]] = parts
            return [{pair: self._api.association_labels(*pair)}]

        answer = self._caller.batch(ask, [(one, other)], 1)[one, other]
        return () if isinstance(answer, HubSpotError) else answer


def may_lack_partner(outcome: Outcome) -> bool:
    """Whether a record may have been refused because it came alone: HubSpot says so, or names no property."""
    if not isinstance(outcome, FailedRecord) or not isinstance(outcome.error, InvalidInput):
        return False
    rule = rule_behind(outcome.error)
    return rule is Code.ASSOCIATION_REQUIRED or (rule is None and not outcome.error.details)


def waits_for_partner(planned: SubjectPlan, ref: RecordKey, outcomes: Mapping[RecordKey, Outcome]) -> bool:
    """Whether the record was refused without a partner, and the subject has one that could not be written."""
    outcome = outcomes[ref]
    if not isinstance(outcome, FailedRecord) or rule_behind(outcome.error) is not Code.ASSOCIATION_REQUIRED:
        return False
    if any(one == ref and not isinstance(outcomes[other], SentRecord) for one, other in _pairs(planned)):
        return True
    own_mappings = {mapping for mapping, records in planned.records.items() if ref in [found for _, found in records]}
    partners = {earlier for spec in planned.specs if spec.id in own_mappings for earlier in spec.associations}
    partners |= {spec.id for spec in planned.specs if own_mappings & set(spec.associations)}
    return any(item.mapping in partners for item in planned.withheld)


def _pairs(planned: SubjectPlan) -> Iterable[tuple[RecordKey, RecordKey]]:
    """The pairs of associated records, in both directions."""
    for source, target, _ in planned.associations():
        yield source, target
        yield target, source
