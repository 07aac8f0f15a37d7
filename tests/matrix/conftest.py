"""One organizer and one portal for the whole matrix: building them takes longer than sending a part of it."""

import pytest
from django.db import transaction
from django_scopes import scopes_disabled

from hubspot_simulator import Option, Property, Simulator
from tests.integration.sync.story import KEY, Story

from .tables import hints, properties


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker):
    """The engine's story in a portal with every kind of property."""
    simulator = Simulator(rate_limit=None, daily_limit=None, property_lag_ms=0)
    with (
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        scopes_disabled(),
        simulator.serve() as url,
    ):
        patch.setenv("PRETIX_HUBSPOT_API_URL", url)
        patch.setattr("django.conf.settings.ALLOW_HTTP_TO_PRIVATE_NETWORKS", True, raising=False)
        schema = simulator.portal.schema
        schema.create("deals", Property(KEY, KEY, "string", "text", "dealinformation", unique=True))
        for definition in definitions():
            if not schema.find("contacts", definition.name):
                schema.create("contacts", definition)
        with transaction.atomic():
            story = Story(simulator)
            story.channel = story.organizer.sales_channels.get(identifier="web")
            yield story
            transaction.set_rollback(True)


def definitions():
    for name, kind, field_type, options in properties():
        listed = [Option(value, label, place) for place, (value, label) in enumerate(options)]
        calculated = field_type == "calculation_equation"
        shown = {"numberDisplayHint": hints()[name]} if name in hints() else {}
        more = {"calculated": calculated, "hints": shown}
        yield Property(name, name, kind, field_type, "contactinformation", options=listed, **more)
