"""A budget that grants nothing once the connection ended, and how often it looks."""

import pytest

from pretix_hubspot.connections.clients import TOGETHER_MS, WhileConnected
from pretix_hubspot.connections.connecting import connect_token
from pretix_hubspot.connections.lifecycle import disconnect
from pretix_hubspot.hubspot.budget.shared import NoBudget
from pretix_hubspot.hubspot.errors import TokenRevoked
from pretix_hubspot.models import Connection

pytestmark = pytest.mark.django_db

NOW = 1_790_000_000_000


class Granting(NoBudget):
    """Grants each call its moment of a list."""

    def __init__(self, *later):
        self.moments = [NOW + each for each in later]

    def acquire(self, kind="crm", live=True, calls=1):
        return iter(self.moments)


@pytest.fixture
def connection(organizer, portal, manager):
    return connect_token(organizer, portal.service_key, manager)


def test_calls_that_begin_together_share_one_look(connection, django_assert_num_queries):
    budget = WhileConnected(Granting(0, 0, TOGETHER_MS), connection)

    with django_assert_num_queries(1):
        assert len(list(budget.acquire())) == 3


def test_a_call_that_waited_looks_again(connection, django_assert_num_queries):
    budget = WhileConnected(Granting(0, TOGETHER_MS + 1, TOGETHER_MS + 2), connection)

    with django_assert_num_queries(2):
        assert len(list(budget.acquire())) == 3


def test_calls_that_waited_while_somebody_disconnected_are_not_made(connection):
    moments = WhileConnected(Granting(0, 6_000), connection).acquire()
    next(moments)

    disconnect(Connection.objects.get(), None)

    assert list(moments) == []


def test_the_next_calls_are_refused(connection):
    budget = WhileConnected(Granting(0), connection)
    list(budget.acquire())
    disconnect(Connection.objects.get(), None)

    with pytest.raises(TokenRevoked):
        list(budget.acquire())
