"""Read which types pairs of records are associated with, from the side with fewer associations (hubspot.md 7).

HubSpot tells all associations of a record or none, 500 at a time, and an event's company has thousands.
"""

from collections.abc import Mapping, Sequence, Set
from functools import cached_property

from pretix_hubspot.hubspot.data import AssociationLabel, AssociationResult, AssociationType
from pretix_hubspot.hubspot.errors import HubSpotError, NotFound, UnexpectedStatus

from .api import Api

Ids = tuple[str, str]  # of both records
Types = tuple[AssociationType, ...]
Kind = tuple[str, int]  # category and number of a type

DEFAULT = "HUBSPOT_DEFINED"


class PairTypes:
    """Reads the types of pairs between two object types, as numbered in the direction from -> to."""

    def __init__(self, api: Api, from_type: str, to_type: str) -> None:
        self._api = api
        self._from_type = from_type
        self._to_type = to_type

    def read(self, pairs: Sequence[Ids], from_other_side: bool) -> dict[Ids, Types]:
        """The types of each pair, () if it is not associated; HubSpot's plain type may be left out.

        A side that has more than one page is left for the other; only pairs that neither side tells cost all pages.
        """
        found: dict[Ids, Types] = {}
        for is_other in (from_other_side, not from_other_side):
            open_pairs = [pair for pair in pairs if pair not in found]
            if open_pairs:
                found |= self._read_other_side(open_pairs) if is_other else self._read(open_pairs, follow=False)
        open_pairs = [pair for pair in pairs if pair not in found]
        return found | self._read(open_pairs, follow=True) if open_pairs else found

    def _read(self, pairs: Sequence[Ids], follow: bool) -> dict[Ids, Types]:
        """Ask for the records of this side; pairs that may be on a page that was not read are left out."""
        asked = list(dict.fromkeys(one for one, _ in pairs))
        answer = _told(self._api.read_associations(self._from_type, self._to_type, asked, follow))
        there = {(pair.from_id, pair.to_id): pair.types for pair in answer.pairs}
        return {ids: there.get(ids, ()) for ids in pairs if ids in there or ids[0] not in answer.unfinished}

    def _read_other_side(self, pairs: Sequence[Ids]) -> dict[Ids, Types]:
        """The same from the other side; pairs whose types have no certain number in our direction are left out."""
        asked = list(dict.fromkeys(other for _, other in pairs))
        answer = _told(self._api.read_associations(self._to_type, self._from_type, asked, False))
        there = {(pair.to_id, pair.from_id): pair.types for pair in answer.pairs}
        found = {ids: () for ids in pairs if ids not in there and ids[1] not in answer.unfinished}
        turned = {ids: self._turned(there[ids]) for ids in pairs if ids in there}
        return {**found, **{ids: types for ids, types in turned.items() if types is not None}}

    def _turned(self, types: Types) -> Types | None:
        """These types as numbered in our direction, without the plain one, which every label brings along."""
        further = [kind for kind in types if kind.label or kind.category != DEFAULT]
        if len(types) - len(further) > 1:
            return None  # which of them is the plain one?
        found = [self._opposites.get((kind.category, kind.type_id)) for kind in further] if further else []
        return tuple(kind for kind in found if kind) if None not in found else None

    @cached_property
    def _opposites(self) -> Mapping[Kind, AssociationType]:
        """The labels of the other direction, each with its counterpart in ours; those without a certain one left out.

        HubSpot does not say which two belong together. It gives them numbers that follow each other, as far as known,
        but their texts may differ, and may even be those of other labels. So both have to agree.
        """
        if self._from_type == self._to_type:
            return {}  # both directions list the same
        ours = {(kind.category, kind.type_id): kind for kind in self._labels(self._from_type, self._to_type)}
        others = {(kind.category, kind.type_id): kind for kind in self._labels(self._to_type, self._from_type)}
        return {
            other: AssociationType(*one, ours[one].label)
            for one, other in _neighbours(ours.keys(), others.keys())
            if ours[one].label and ours[one].label == others[other].label
        }

    def _labels(self, one: str, other: str) -> tuple[AssociationLabel, ...]:
        try:
            return self._api.association_labels(one, other)
        except HubSpotError:  # then the pairs are read in our direction
            return ()


def _neighbours(ours: Set[Kind], others: Set[Kind]) -> list[tuple[Kind, Kind]]:
    """One of ours and one of the others each, with numbers that follow each other.

    Of a row of numbers only if all of it falls into such pairs: then there is no other way to pair them.
    """
    pairs: list[tuple[Kind, Kind]] = []
    for row in _rows(sorted(ours | others)):
        found = [set(pair) for pair in zip(row[::2], row[1::2], strict=False)]
        if len(row) == 2 * len(found) and all(len(pair & ours) == len(pair & others) == 1 for pair in found):
            pairs += [((pair & ours).pop(), (pair & others).pop()) for pair in found]
    return pairs


def _rows(kinds: Sequence[Kind]) -> list[list[Kind]]:
    """The sorted kinds, split where a number is missing."""
    rows: list[list[Kind]] = []
    for category, number in kinds:
        if rows and rows[-1][-1] == (category, number - 1):
            rows[-1].append((category, number))
        else:
            rows.append([(category, number)])
    return rows


def _told(answer: AssociationResult) -> AssociationResult:
    """The answer. Raises a refusal, for what cannot be read would be lost, unless it says: has no associations."""
    for refusal in answer.errors:
        if not isinstance(refusal.error, (NotFound, UnexpectedStatus)):
            raise refusal.error
    return answer
