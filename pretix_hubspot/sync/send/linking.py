"""Associations of a slice: what HubSpot said about each pair, and who asked for it."""

from collections.abc import Iterable, Iterator, Mapping

from pretix_hubspot.failures.portal_rules import rule_behind
from pretix_hubspot.hubspot.data import AssociationResult, AssociationType
from pretix_hubspot.hubspot.errors import HubSpotError, InvalidInput, NotFound
from pretix_hubspot.sources.snapshot import Subject

from .association import Association
from .outcome import Execution, Outcome, Pair, Sent

Wanted = tuple[Subject, Pair, AssociationType | None]  # who asks, for which records, with which label
Asked = dict[tuple[str, str], list[Wanted]]  # by record ids


def confirmed(part: list[tuple[str, str]], result: AssociationResult) -> dict[tuple[str, str], HubSpotError | bool]:
    """What HubSpot says about each pair; False if it says nothing."""
    made = {(pair.from_id, pair.to_id) for pair in result.pairs}
    made |= {(to_id, from_id) for from_id, to_id in made}
    denied = denials(part, result, [pair for pair in part if pair not in made])
    return {pair: pair in made or denied.get(pair) or False for pair in part}


def denials(
    part: list[tuple[str, str]], result: AssociationResult, unclear: list[tuple[str, str]]
) -> dict[tuple[str, str], HubSpotError]:
    """The refusal of each pair that one names, by either record.

    Raises one that names none of these records while something is unclear: halving finds out whom it is about.
    """
    named = {record_id for pair in part for record_id in pair}
    by_id = {found: refusal.error for refusal in result.errors for found in refusal.ids}
    for refusal in result.errors:
        if unclear and named.isdisjoint(refusal.ids):
            raise refusal.error
    return {pair: by_id[end] for pair in unclear for end in pair if end in by_id}


def united(there: Iterable[AssociationType], wanted: list[Wanted]) -> tuple[AssociationType, ...]:
    """The types of a pair with the labels that are wanted, each once."""
    types = {(kind.category, kind.type_id): kind for kind in there}
    types |= {(label.category, label.type_id): label for _, _, label in wanted if label}
    return tuple(types.values())


def note(
    from_type: str,
    to_type: str,
    pairs: Asked,
    outcomes: Mapping[tuple[str, str], HubSpotError | bool],
    execution: Execution,
) -> None:
    for pair, wanted in pairs.items():
        outcome = outcomes[pair]
        for subject, refs, label in wanted:
            if outcome is True:
                made = Association.between((from_type, pair[0]), (to_type, pair[1]), label)
                execution.associated[subject].add(made)
            else:
                execution.association_errors[subject][refs] = outcome or None


def sent_pair(source: Outcome, target: Outcome) -> tuple[str, str] | None:
    if isinstance(source, Sent) and isinstance(target, Sent):
        return (source.record_id, target.record_id)
    return None


def not_linked(execution: Execution) -> Iterator[tuple[Subject, Pair, HubSpotError | None]]:
    """Records of a subject that HubSpot did not link, or not under the ids that we know."""
    for subject, errors in execution.association_errors.items():
        for pair, error in errors.items():
            if error is None or (isinstance(error, (InvalidInput, NotFound)) and not rule_behind(error)):
                yield subject, pair, error


def same(one: Sent, other: Outcome) -> bool:
    return isinstance(other, Sent) and one.record_id == other.record_id
