"""Where a failure is fixed: the page that its link leads to."""

import pytest

from pretix_hubspot.failures.codes import MISCONFIGURATION, PERMANENT, SYSTEM, TEMPORARY
from pretix_hubspot.failures.explanations import where_to_fix
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.sources.event_context import EventContext


@pytest.mark.parametrize(
    ("mode", "code", "place"),
    [
        (SYSTEM, "unexpected", "check/"),
        (SYSTEM, "oauth_misconfigured", "check/"),
        (MISCONFIGURATION, "missing_scope", ""),
        (MISCONFIGURATION, "not_connected", ""),
        (MISCONFIGURATION, "PROPERTY_DOESNT_EXIST", "mapping/{pk}/"),
        (PERMANENT, "MISSING_REQUIRED_PROPERTY", "mapping/{pk}/"),
        (PERMANENT, "INVALID_EMAIL", None),
        (TEMPORARY, "server_trouble", None),
    ],
)
def test_where_a_failure_is_fixed(story, page, mode, code, place):
    pk = story.event.hubspot_object_mappings.get(external_object_type="deals").pk
    expected = None if place is None else page(place.format(pk=pk))
    assert where_to_fix(Failure(mode, code, mapping=pk), EventContext(story.event)) == expected


def test_where_a_failure_of_a_deleted_mapping_is_fixed(story, page):
    assert where_to_fix(Failure(PERMANENT, "x", mapping=0), EventContext(story.event)) == page("#object-mappings")
    assert where_to_fix(Failure(PERMANENT, "x"), EventContext(story.event)) is None


def test_a_page_of_failures_asks_for_mappings_once(story, django_assert_num_queries):
    failures = [Failure(PERMANENT, "x", mapping=m.pk) for m in story.event.hubspot_object_mappings.all()] * 10
    context = EventContext(story.event)

    with django_assert_num_queries(1):
        assert all(where_to_fix(failure, context) for failure in failures)
