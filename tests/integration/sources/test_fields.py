"""Source fields as the editor sees them: keys, labels, types, groups, and what asking for them costs."""

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from pretix.base.datasync.sourcefields import get_data_fields
from pretix.base.models import Question

from pretix_hubspot.hubspot.data import Option, PropertyDefinition
from pretix_hubspot.sources import field as sources_field
from pretix_hubspot.sources.field import guarded
from pretix_hubspot.sources.registry import choices_for, fields_for, source_fields
from pretix_hubspot.sources.relations import LOADERS
from pretix_hubspot.values.convert import convert, warning
from pretix_hubspot.values.rows import FieldRefused


def test_cores_fields_keep_their_keys_types_and_labels(shop):
    ours = source_fields(shop.event)
    for info in get_data_fields(shop.event):
        field = ours[info.key]
        assert (field.label, field.type, field.category, field.required_input, field.deprecated) == (
            str(info.label),
            info.type,
            info.category,
            info.required_input,
            info.deprecated,
        )


def test_every_field_says_what_it_is(shop):
    for key, field in source_fields(shop.event).items():
        assert field.key == key
        assert field.type in dict(Question.TYPE_CHOICES) and field.type != Question.TYPE_FILE
        assert field.label and isinstance(field.label, str)
        assert field.needs <= set(LOADERS)
        assert (field.type in ("C", "M")) == (field.enum_opts is not None)


def test_files_are_no_fields(shop):
    assert "question_file" not in source_fields(shop.event)


def test_links_with_a_secret_are_marked(shop):
    assert {key for key, field in source_fields(shop.event).items() if field.sensitive} == {
        "presale_order_url",
        "presale_ticket_url",
        "gift_card_codes",
    }


def test_asking_costs_a_few_queries_whatever_the_event_holds(shop):
    source_fields(shop.event)
    with CaptureQueriesContext(connection) as few:
        source_fields(shop.event)
    for number in range(20):
        shop.event.items.create(name=f"Product {number}", default_price=0)
        shop.event.checkin_lists.create(name=f"List {number}", all_products=True)
        question = shop.event.questions.create(identifier=f"Q{number}", type="C", question="Which?", required=False)
        question.options.create(identifier="A", answer="A")
    with CaptureQueriesContext(connection) as many:
        source_fields(shop.event)
    assert own(few) == own(many) <= 8


def own(captured):
    return len([query for query in captured.captured_queries if "settingsstore" not in query["sql"]])


def test_orders_and_positions_offer_their_own(shop):
    order, position = fields_for(shop.event, "Order"), fields_for(shop.event, "OrderPosition")
    assert "order_key" in order and "attendee_email" not in order
    assert set(order) < set(position)


def test_products_are_called_as_the_team_calls_them(shop):
    shop.workshop.internal_name = "Workshop (Friday)"
    shop.workshop.save()

    offered = source_fields(shop.event)

    for key in ("product_choice", "addons"):
        assert dict(offered[key].enum_opts) == {
            str(shop.ticket.pk): "Ticket",
            str(shop.workshop.pk): "Workshop (Friday)",
        }


def test_choices_are_grouped_as_core_groups_them(shop):
    groups = dict(choices_for(shop.event, "OrderPosition"))
    assert list(groups) == [
        "Order position details",
        "Attendee details",
        "Questions",
        "Product details",
        "Order details",
        "Invoice address",
        "Customer account",
        "Event information",
        "Event or date information",
        "Without a pretix field",
    ]
    assert groups["Without a pretix field"] == [("constant_text", "Constant text [Text (one line)]")]
    assert ("email", "Order email [Text (one line)]") in groups["Order details"]
    assert ("order_key", "Order key [Text (one line)]") in groups["Order details"]
    assert ("question_size", "Question: Size [Choose one from a list]") in groups["Questions"]


def test_deprecated_fields_are_offered_only_where_they_are_in_use(shop):
    shop.event.settings.name_scheme = "full"
    key = "attendee_name_given_name"

    def offered(current=None):
        return [field for _, group in choices_for(shop.event, "OrderPosition", current) for field, _ in group]

    assert key not in offered()
    assert key in offered(key)


def test_labels_follow_the_reader(shop):
    with override("de"):
        assert source_fields(shop.event)["order_locale"].label == "Bestellsprache"
        assert source_fields(shop.event)["question_size"].enum_opts == (("S", "Klein"),)
    assert source_fields(shop.event)["question_size"].enum_opts == (("S", "Small"),)


def test_choices_match_the_portal_in_any_language(shop):
    field = source_fields(shop.event)["question_size"]
    assert set(field.synonyms) == {("S", "Small"), ("S", "Klein")}
    german = PropertyDefinition("size", "Size", "enumeration", "select", options=(Option("size_1", "klein"),))
    assert warning(field.type, german, "overwrite", field.synonyms) is None
    assert convert(["S"], field.type, german, enum_opts=field.synonyms) == "size_1"


def test_status_matches_the_portal_in_any_language(shop):
    names = source_fields(shop.event)["order_status"].synonyms
    assert {("p", "paid"), ("p", "bezahlt"), ("n", "pending"), ("c", "storniert")} <= set(names)


def test_a_getter_that_fails_is_a_refusal_without_the_value(caplog):
    def broken(source):
        raise ValueError("ada@example.org")

    read = guarded("key", "order", broken)
    assert read({"order": object()}) == FieldRefused("unreadable")
    assert read({}) == FieldRefused("wrong_source")
    assert "ada" not in caplog.text


@pytest.mark.parametrize("end", [SoftTimeLimitExceeded, sources_field.NotLoaded, KeyboardInterrupt])
def test_what_is_not_about_the_value_goes_on_its_way(end):
    def ended(source):
        raise end

    with pytest.raises(end):
        guarded("key", "order", ended)({"order": object()})


def test_a_field_whose_relation_is_not_loaded_is_a_bug_and_says_so(shop):
    order = shop.order()
    with pytest.raises(sources_field.NotLoaded):
        source_fields(shop.event)["payment_sum"].read({"order": order, "related": sources_field.Related()})
