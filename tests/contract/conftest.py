"""The engine's stage, for tests that drive pretix core against our provider."""

import pytest

from hubspot_simulator import Property
from pretix_hubspot import tasks
from tests.integration.sync.conftest import impatient, served, simulator, story  # noqa: F401  fixtures are used by name

MONEY = (
    ("payment_sum", "pretix_paid"),
    ("refund_sum", "pretix_refunded"),
    ("pending_sum", "pretix_pending"),
    ("position_count", "pretix_tickets"),
)


@pytest.fixture
def period(story, django_capture_on_commit_callbacks):
    """One periodic round of ours, tasks included."""

    def period():
        with django_capture_on_commit_callbacks(execute=True):
            tasks.run_periodic.apply_async()

    return period


@pytest.fixture
def books(story, period):
    """The story with deals that show the money; ``books()`` is what the portal says after one period."""
    for _, name in MONEY:
        story.simulator.portal.schema.create("deals", Property(name, name, "number", "number", "dealinformation"))
    deal = story.event.hubspot_object_mappings.get(external_object_type="deals")
    deal.property_mappings += [
        {"pretix_field": field, "external_field": name, "overwrite": "overwrite", "value_map": ""}
        for field, name in MONEY
    ]
    deal.save()

    def books():
        period()
        names = ["dealname", "dealstage", "amount", *(name for _, name in MONEY)]
        found = story.simulator.world({"deals": names})["deals"]
        return {
            deal.pop("dealname").removeprefix("CONF-"): [deal.pop("dealstage"), *(_plain(v) for v in deal.values())]
            for deal in found
        }

    return books


def _plain(value):
    """Numbers as people write them: HubSpot keeps the zeros that pretix sends."""
    return None if value is None else f"{float(value):g}"
