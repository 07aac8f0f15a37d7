import pytest
from django_scopes import scopes_disabled

from .shop import Shop


@pytest.fixture
def shop(db):
    with scopes_disabled():
        yield Shop()


@pytest.fixture
def other_shop(shop):
    """A second event of the same organizer."""
    return Shop(shop.organizer, "other")
