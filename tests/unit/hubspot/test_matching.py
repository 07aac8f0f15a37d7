"""Which result belongs to which input, in every way that HubSpot has been seen to answer."""

from hypothesis import given
from hypothesis import strategies as st

from pretix_hubspot.hubspot.data import BatchResult, InputError, Record, WriteInput, match, match_read
from pretix_hubspot.hubspot.errors import Conflict, InvalidInput, NotFound
from tests.unit.hubspot import http_bodies


def record(record_id, trace_id=None, **properties):
    return Record(id=record_id, properties=properties, trace_id=trace_id)


def result(*records, errors=()):
    return BatchResult(tuple(records), tuple(errors))


def create(trace_id, **properties):
    return WriteInput(trace_id, properties)


def update(trace_id, record_id):
    return WriteInput(trace_id, {"firstname": "x"}, id=record_id)


def test_by_trace_id_whatever_the_order():
    a, b = record("12", "b"), record("11", "a")
    assert match([create("a"), create("b")], result(a, b)) == {"a": b, "b": a}


def test_recorded_partial_create():
    found = match([create("0"), create("1")], BatchResult.from_json(http_bodies.PARTIAL_CREATE))
    assert found["1"].id == "171596044870"
    assert type(found["0"]) is Conflict
    assert found["0"].existing_id == "171591000198"


def test_by_record_id_without_trace_ids():
    a, b = record("1"), record("2")
    assert match([update("x", "2"), update("y", "1")], result(a, b)) == {"x": b, "y": a}


def test_created_without_echo_is_found_by_its_unique_value():
    contact, deal = record("7", email="erika@example.org"), record("8", pretix_order_key="A/B/C")
    assert match([create("t", email="Erika@Example.org")], result(contact)) == {"t": contact}
    keyed = WriteInput("t", {"pretix_order_key": "A/B/C"}, id_property="pretix_order_key")
    assert match([keyed], result(deal)) == {"t": deal}


def test_nothing_came_back():
    assert match([update("x", "1"), update("y", "2")], result(record("1"))) == {"x": record("1"), "y": None}


def test_merged_records_are_found_by_their_former_ids():
    merged = record("90", hs_merged_object_ids="10;11", email="a@b.c")
    older = record("91", hs_calculated_merged_vids="12:1700000000000;13:1700000000001")
    assert match_read(["10", "11", "13"], result(merged, older)) == {"10": merged, "11": merged, "13": older}


def test_read_by_email_in_another_case_and_by_secondary_address():
    contact = record("1", email="erika@example.org", hs_additional_emails="e2@example.org;e3@example.org")
    found = match_read(["ERIKA@example.org", "E2@example.org", "who@example.org"], result(contact), "email")
    assert found == {"ERIKA@example.org": contact, "E2@example.org": contact, "who@example.org": None}


def test_a_secondary_address_never_replaces_the_contact_whose_primary_it_is():
    owner = record("1", email="a@x.org")
    other = record("2", email="b@x.org", hs_additional_emails="a@x.org")
    for records in ((owner, other), (other, owner)):
        assert match_read(["a@x.org", "b@x.org"], result(*records), "email")["b@x.org"] == other
    assert match_read(["a@x.org", "b@x.org"], result(other, owner), "email")["a@x.org"] == owner


def test_missing_records_by_ids():
    found = match_read(["1", "2", "3"], BatchResult.from_json(http_bodies.PARTIAL_READ))
    assert [type(found[asked]) for asked in ("1", "2", "3")] == [NotFound, NotFound, Record]


def test_missing_records_named_by_an_empty_string():
    entry = {**http_bodies.PARTIAL_READ["errors"][0], "context": {"ids": [""]}}
    found = match_read(["1", "3"], BatchResult.from_json({**http_bodies.PARTIAL_READ, "errors": [entry]}))
    assert [type(found[asked]) for asked in ("1", "3")] == [NotFound, Record]


def test_a_nameless_refusal_blames_no_one_in_particular():
    nameless = InputError(None, (), InvalidInput("bad"))
    two = [update("x", "1"), update("y", "2")]
    assert match(two, result(errors=[nameless])) == {"x": None, "y": None}
    assert match(two, result(record("1"), errors=[nameless]))["y"] is nameless.error


def test_a_refusal_by_trace_id_outweighs_a_record():
    refusal = InputError("x", (), InvalidInput("bad"))
    assert match([create("x")], result(record("1", "x"), errors=[refusal]))["x"] is refusal.error


small = st.sampled_from(["", "1", "2", "3", "a@b.c", "A@B.C ", "x"])
values = st.dictionaries(
    st.sampled_from(["email", "hs_additional_emails", "hs_merged_object_ids", "hs_calculated_merged_vids"]),
    st.none() | st.sampled_from(["1", "2;3", "1:5;2:6", "a@b.c", "A@b.c;x"]),
)
inputs = st.lists(
    st.builds(
        WriteInput,
        trace_id=small.filter(bool),
        properties=values.map(lambda v: {name: value for name, value in v.items() if value}),
        id=st.none() | small,
        id_property=st.none() | st.just("email"),
    ),
    unique_by=lambda item: item.trace_id,
)
records = st.lists(st.builds(Record, id=small.filter(bool), properties=values, trace_id=st.none() | small))
refusals = st.lists(
    st.builds(
        InputError,
        trace_id=st.none() | small,
        ids=st.lists(small).map(tuple),
        error=st.sampled_from([NotFound("n"), InvalidInput("i")]),
    )
)


@given(inputs, records, refusals)
def test_total_and_faithful(asked, came, refused):
    answer = match(asked, result(*came, errors=refused))
    assert list(answer) == [item.trace_id for item in asked]
    for trace_id, found in answer.items():
        assert found is None or found in came or found in [refusal.error for refusal in refused]
        named = [refusal.error for refusal in refused if refusal.trace_id == trace_id]
        if named:
            assert found in named
        echoed = [item for item in came if item.trace_id == trace_id]
        if echoed and not named:
            assert found is not None
