"""What a mapping makes of the portal's schema: free names, pipelines that changed, options that can be chosen."""

from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from pretix_hubspot.catalog.stored import FORMER, RENAMED, note_new_labels
from pretix_hubspot.hubspot.data import Option, Pipeline, PropertyDefinition, Stage
from pretix_hubspot.mappings.drift import pipeline_changes
from pretix_hubspot.mappings.new_properties import suggested_name
from pretix_hubspot.mappings.stored import StoredPipeline
from pretix_hubspot.mappings.value_maps import usable
from pretix_hubspot.sources.field import SourceField
from pretix_hubspot.sources.order import ORDERS


def field(label):
    return SourceField("size", label, "S", None, ORDERS.key, None, lambda inputs: "")


@pytest.mark.parametrize(
    ("label", "taken", "name"),
    [
        ("T-shirt size", set(), "pretix_t_shirt_size"),
        ("T-shirt size", {"pretix_t_shirt_size"}, "pretix_t_shirt_size_2"),
        ("T-shirt size", {"pretix_t_shirt_size", "pretix_t_shirt_size_2"}, "pretix_t_shirt_size_3"),
        ("Größe", set(), "pretix_groe"),
        ("尺寸", set(), "pretix_size"),
        ("a" * 100, {"pretix_" + "a" * 80}, "pretix_" + "a" * 80 + "_2"),
    ],
)
def test_a_free_name_for_a_new_property(label, taken, name):
    assert suggested_name(field(label), taken) == name


STAGES = (Stage("open", "Open"), Stage("won", "Won"), Stage("old", "Old", archived=True))
SALES = Pipeline("sales", "Sales", stages=STAGES)
GONE = "The chosen pipeline no longer exists in HubSpot. Please choose another one."
STAGE_GONE = "A chosen stage of the pipeline “Sales” no longer exists in HubSpot. Please choose another one."


@pytest.mark.parametrize(
    ("chosen", "notes"),
    [
        (StoredPipeline(), []),
        (StoredPipeline("sales", {"n": "open"}), []),
        (StoredPipeline("sales", {"n": "open", "p": "won"}), []),
        (StoredPipeline("sales", {"n": "open", "p": "old"}), [STAGE_GONE]),
        (StoredPipeline("sales", {"n": "lost"}), [STAGE_GONE]),
        (StoredPipeline("leads", {"n": "open"}), [GONE]),
    ],
)
def test_a_pipeline_that_changed(chosen, notes):
    assert pipeline_changes(chosen, [Pipeline("other", "Other"), SALES]) == notes


@pytest.mark.parametrize(("owners", "values"), [(False, {"1", "2"}), (True, {"1"})])
def test_hidden_options_can_be_chosen_but_no_owner_who_left(owners, values):
    options = (Option("1", "Ada"), Option("2", "Bob", hidden=True))
    definition = PropertyDefinition("p", "P", "enumeration", "select", options=options, owners=owners)

    assert usable(definition) == values


@pytest.mark.parametrize(
    ("later", "former"),
    [(timedelta(days=13, hours=23), "Size"), (timedelta(days=14), None), (timedelta(days=15), None)],
)
def test_a_former_label_is_kept_for_two_weeks(later, former):
    renamed = datetime(2030, 6, 1, tzinfo=UTC)
    new, kept = {"name": "size", "label": "T-shirt"}, {"name": "size", "label": "T-shirt"}
    with freeze_time(renamed):
        note_new_labels({"size": new}, [{"name": "size", "label": "Size"}])
    with freeze_time(renamed + later):
        note_new_labels({"size": kept}, [new])

    assert (new[FORMER], new[RENAMED]) == ("Size", renamed.timestamp())
    assert kept.get(FORMER) == former
