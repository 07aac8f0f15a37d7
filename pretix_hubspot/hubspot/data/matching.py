"""Match the results of a batch with its inputs (hubspot.md 5.3, B).

Results come in any order, with lower-cased e-mail addresses, under other ids after a merge, or not at all.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from pretix_hubspot.hubspot.errors import HubSpotError, NotFound

from .records import BatchResult, Record, WriteInput

Answer = Record | HubSpotError | None


def match(inputs: Sequence[WriteInput], result: BatchResult) -> dict[str, Answer]:
    """trace id -> record or refusal of that input; None if HubSpot reported success without a result for this input.

    Total: every input has exactly one entry, in input order, for any result.
    Results are matched by trace id, else by record id (former ids of merged records included), else by unique value.
    One record can answer several inputs of a read: two former ids, or two addresses of one contact.
    """
    answers: dict[str, Answer] = {item.trace_id: None for item in inputs}
    index = _index(inputs)
    unique = sorted({name for name, _ in index if name})
    # Current names go first: an older name never takes an input from its present owner.
    _claim(
        answers, result, lambda record: _by_trace_id(record, answers) or _named(_current_names(record, unique), index)
    )
    _claim(answers, result, lambda record: () if record.trace_id in answers else _named(_former_names(record), index))
    unattributed = _attribute_errors(answers, index, result)
    _attribute_unnamed(answers, unattributed)
    return answers


def match_read(ids: Iterable[str], result: BatchResult, id_property: str | None = None) -> dict[str, Answer]:
    """The same for a batch read: id or unique value, as it was asked for -> answer."""
    inputs = [WriteInput(trace_id=value, properties={}, id=value, id_property=id_property) for value in ids]
    return match(inputs, result)


_Index = dict[tuple[str, str], list[str]]


def _index(inputs: Sequence[WriteInput]) -> _Index:
    """(property, value) -> trace ids; the property of a record id is ""."""
    index: _Index = {}
    for item in inputs:
        for key in _names(item):
            index.setdefault(key, []).append(item.trace_id)
    return index


def _names(item: WriteInput) -> Iterator[tuple[str, str]]:
    if item.id is not None:
        yield (item.id_property or "", _comparable(item.id))
        return
    # A create has no id; its own unique value finds the result if the trace id was not echoed.
    name = item.id_property or "email"
    if value := item.properties.get(name):
        yield (name, _comparable(value))


def _comparable(value: str) -> str:
    return value.strip().lower()


def _claim(answers: dict[str, Answer], result: BatchResult, claimed_by: Callable[[Record], Iterable[str]]) -> None:
    for record in result.records:
        for trace_id in claimed_by(record):
            answers[trace_id] = answers[trace_id] or record


def _by_trace_id(record: Record, answers: dict[str, Answer]) -> tuple[str, ...]:
    return (record.trace_id,) if record.trace_id in answers else ()


def _named(names: Iterable[tuple[str, str]], index: _Index) -> list[str]:
    return [trace_id for name in names for trace_id in index.get(name, ())]


def _current_names(record: Record, unique: list[str]) -> Iterator[tuple[str, str]]:
    yield ("", _comparable(record.id))
    for name in unique:
        if value := record.properties.get(name):
            yield (name, _comparable(value))


def _former_names(record: Record) -> Iterator[tuple[str, str]]:
    """Ids merged away and secondary addresses (hubspot.md 5.5, A/C)."""
    for value in (record.properties.get("hs_merged_object_ids") or "").split(";"):
        yield ("", _comparable(value))
    for value in (record.properties.get("hs_calculated_merged_vids") or "").split(";"):
        yield ("", _comparable(value.partition(":")[0]))
    for value in (record.properties.get("hs_additional_emails") or "").split(";"):
        yield ("email", _comparable(value))


def _attribute_errors(answers: dict[str, Answer], index: _Index, result: BatchResult) -> list[HubSpotError]:
    """Give each refusal to the inputs that it names; return those that name none of ours."""
    unattributed = []
    for refusal in result.errors:
        if refusal.trace_id in answers:
            # Stronger than a record: reporting a refused input as written would lose it silently.
            answers[refusal.trace_id] = refusal.error
            continue
        named = {_comparable(name) for name in refusal.ids}
        trace_ids = [t for (_, value), matching in index.items() if value in named for t in matching]
        for trace_id in trace_ids:
            answers[trace_id] = answers[trace_id] or refusal.error
        if not trace_ids:
            unattributed.append(refusal.error)
    return unattributed


def _attribute_unnamed(answers: dict[str, Answer], unattributed: list[HubSpotError]) -> None:
    """Give refusals without a usable name to inputs, but only if no input can be blamed for another one's fault."""
    unanswered = [trace_id for trace_id, answer in answers.items() if answer is None]
    if not unattributed:
        return
    only_missing = all(isinstance(error, NotFound) for error in unattributed)
    if only_missing or (len(unanswered) == 1 and len(unattributed) == 1):
        for trace_id in unanswered:
            answers[trace_id] = unattributed[0]
