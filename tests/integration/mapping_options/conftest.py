"""The conference of the engine's tests, whose mappings get options."""

import pytest

from tests.integration.sync.conftest import (  # noqa: F401  fixtures are used by name
    field_names_are_kept,
    impatient,
    served,
    simulator,
    story,
)


@pytest.fixture
def mappings(story):
    """Buyer, attendee and deal."""
    return list(story.event.hubspot_object_mappings.all())


@pytest.fixture
def choose(story):
    """Saves options as the editor does."""

    def save(mapping, **options):
        mapping.refresh_from_db()
        mapping.options = options
        mapping.revision += 1
        mapping.save()

    return save
