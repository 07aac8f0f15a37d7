"""What a new record gets that no row says, and when it gets nothing."""

import pytest

from pretix_hubspot.hubspot.data import Pipeline, PropertyDefinition, Stage
from pretix_hubspot.mappings import new_records
from pretix_hubspot.mappings.spec import DefaultRows, NewRecordDefaults, PipelineSpec
from pretix_hubspot.values.rows import IF_NEW, Row


def prop(name, kind="string", **facts):
    return PropertyDefinition(name=name, label=name.title(), type=kind, field_type="text", **facts)


def stage(name, probability=None, **facts):
    return Stage(name, name.title(), metadata={} if probability is None else {"probability": probability}, **facts)


NAME, PIPELINE, STAGE = prop("dealname"), prop("pipeline", "enumeration"), prop("dealstage", "enumeration")
STAGES = PipelineSpec(PIPELINE, STAGE, "default", {"n": "new", "p": "new", "c": "lost"})
SALES = Pipeline("sales", "Sales", 0, (stage("won", "1.0"), stage("new", "0.2"), stage("lost", "0.0")))


@pytest.mark.parametrize(
    ("object_type", "title", "expected"),
    [
        ("deals", NAME, NAME),
        ("deals", None, None),
        ("deals", prop("dealname", calculated=True), None),
        ("deals", prop("hs_number", "number"), None),
        ("contacts", prop("email"), None),
    ],
)
def test_records_are_called_by_a_text_that_can_be_written(object_type, title, expected):
    assert new_records.defaults_for(object_type, title, None).title == expected


def test_companies_may_be_known_by_their_domain():
    assert new_records.defaults_for("companies", prop("name"), STAGES) == NewRecordDefaults(
        prop("name"), ("domain",), STAGES
    )


def test_a_new_record_begins_with_title_and_stage():
    rows = (Row(PIPELINE, "default", IF_NEW), Row(STAGE, "lost", IF_NEW))
    assert new_records.of_record(NewRecordDefaults(NAME, ("domain",), STAGES), "A1", "c") == (
        DefaultRows(("dealname", "domain"), (Row(NAME, "A1", IF_NEW),)),
        DefaultRows(("dealstage",), rows),
    )
    assert new_records.of_record(NewRecordDefaults(NAME, (), STAGES), "", "e") == (), "neither a title nor a stage"
    assert new_records.of_record(NewRecordDefaults(), "A1", "n") == ()


@pytest.mark.parametrize(
    ("said", "completed"),
    [
        ({}, {"dealname": "A1", "pipeline": "default", "dealstage": "new"}),
        ({"dealname": "", "dealstage": ""}, {"dealname": "A1", "pipeline": "default", "dealstage": "new"}),
        ({"dealname": "Ada"}, {"dealname": "Ada", "pipeline": "default", "dealstage": "new"}),
        ({"domain": "a.example"}, {"domain": "a.example", "pipeline": "default", "dealstage": "new"}),
        ({"pipeline": "default"}, {"dealname": "A1", "pipeline": "default", "dealstage": "new"}),
        ({"pipeline": "other"}, {"dealname": "A1", "pipeline": "other"}),
        ({"dealstage": "won"}, {"dealname": "A1", "dealstage": "won"}),
    ],
)
def test_what_somebody_says_is_left_as_it_is(said, completed):
    defaults = new_records.of_record(NewRecordDefaults(NAME, ("domain",), STAGES), "A1", "n")
    assert new_records.completed(said, defaults) == completed


@pytest.mark.parametrize(
    ("pipeline", "chosen", "expected"),
    [
        (SALES, {}, {"n": "new", "p": "new", "e": "lost", "c": "lost"}),
        (SALES, {"n": "won"}, {"n": "won", "p": "won", "e": "lost", "c": "lost"}),
        (SALES, {"e": "new"}, {"n": "new", "p": "new", "e": "new", "c": "new"}),
        (Pipeline("x", "X", 0, (stage("a"), stage("b", "oops"))), {}, {"n": "a", "p": "a", "e": "a", "c": "a"}),
        (Pipeline("x", "X", 0, (stage("a", "1.0"),)), {}, {"n": "a", "p": "a", "e": "a", "c": "a"}),
        (
            Pipeline("x", "X", 0, (stage("a", archived=True), stage("b"))),
            {},
            {"n": "b", "p": "b", "e": "b", "c": "b"},
        ),
        (Pipeline("x", "X", 0, (stage("a", archived=True),)), {}, {}),
    ],
)
def test_records_begin_where_pending_orders_are_unless_they_are_over(pipeline, chosen, expected):
    assert new_records.first_stages(pipeline, chosen) == expected


def test_the_chosen_pipeline_else_the_default_one_else_the_first():
    default = Pipeline("default", "Default", 1, ())
    assert new_records.chosen_pipeline([SALES, default], "sales") == SALES
    assert new_records.chosen_pipeline([SALES, default]) == default
    assert new_records.chosen_pipeline([SALES]) == SALES
    assert new_records.chosen_pipeline([SALES], "gone") is None
    assert new_records.chosen_pipeline([]) is None
