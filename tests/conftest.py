"""What every test stands on: no network but loopback, English, no scope or cache left over from the test before.

Fixtures that know pretix or HubSpot live beside the tests that use them (tests/integration/conftest.py and so on).
"""

import gc
import ipaddress
import os
import socket
import sys
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from urllib3.connectionpool import HTTPConnectionPool

from tests import clock, soak
from tests.fake_clock import FakeClock
from tests.interruptions import Statements

LOCAL_NAMES = {"localhost", ""}
#: A HubSpot that somebody wants the tests to talk to, see tests/faults/external_simulator.py.
ELSEWHERE = urlsplit(os.environ.get("HUBSPOT_API_URL", "")).hostname


soak.load_profile()


def pytest_addoption(parser):
    clock.add_option(parser)


def pytest_configure(config):
    clock.set_clock(config)


def pytest_report_header(config):
    return clock.heading(config)


class NetworkBlocked(RuntimeError):
    """A test tried to talk to the world."""


def is_local(address):
    if not isinstance(address, tuple):  # a Unix socket
        return True
    host = address[0]
    if host in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def only_loopback():
    """Refuses every connection that leaves this machine unasked, so that no test depends on, or disturbs, the world."""
    connect = socket.socket.connect
    invited = {found[4][0] for found in socket.getaddrinfo(ELSEWHERE, None)} if ELSEWHERE else set()

    def guarded(self, address):
        if not is_local(address) and address[0] not in invited:
            raise NetworkBlocked(f"a test tried to connect to {address!r}")
        return connect(self, address)

    socket.socket.connect = guarded
    yield
    socket.socket.connect = connect


def file_names():
    """The part of ``inspect.stack()`` that costs nothing: the file of every frame, the caller's first."""
    frame = sys._getframe(1)
    while frame:
        yield SimpleNamespace(filename=frame.f_code.co_filename)
        frame = frame.f_back


@pytest.fixture
def blocking_pretix():
    """For tests of what pretix does about private addresses: its older versions do nothing."""
    if not HTTPConnectionPool.ConnectionCls.__module__.startswith("pretix."):
        pytest.skip("this version of pretix blocks no addresses")


@pytest.fixture(autouse=True, scope="session")
def quick_order_check():
    """Under pytest, core looks at the files of the call stack whenever an order is saved, to forgive tests what it
    forgives nobody else. It asks ``inspect`` for the source lines as well, which took a third of the suite's time."""
    from pretix.base.models import _transactions  # inline: as below

    genuine = _transactions.inspect
    _transactions.inspect = SimpleNamespace(stack=lambda: list(file_names())[1:])  # without the lambda's own frame
    yield
    _transactions.inspect = genuine


@pytest.fixture(autouse=True, scope="session")
def rare_collections():
    """Leaves what pretix has loaded to itself and looks for garbage rarely: a twelfth of the suite's time."""
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    yield
    gc.set_threshold(*usual)
    gc.unfreeze()


@pytest.fixture(autouse=True)
def english():
    """Starts every test in English, whatever language the test before switched to."""
    from django.utils import translation  # inline: Django's settings are not there when conftest is imported

    translation.activate("en")
    yield
    translation.deactivate()


@pytest.fixture
def fake_clock(monkeypatch):
    """A clock that goes on by as much as somebody sleeps, without waiting."""
    found = FakeClock(monkeypatch)
    yield found
    found.close()


@pytest.fixture
def started_tasks(settings):
    """A broker that nobody listens to: ``(task, *arguments)`` of each call for a worker, in their order."""
    from celery.signals import before_task_publish  # inline: as above

    settings.CELERY_TASK_ALWAYS_EAGER, settings.CELERY_BROKER_URL = False, "memory://"
    found = []

    def note(sender, body, **options):
        arguments, named, _ = body
        found.append((sender.rpartition(".")[2], *arguments, *named.values()))

    before_task_publish.connect(note, weak=False)
    yield found
    before_task_publish.disconnect(note)


@pytest.fixture
def statements(db):
    """For something that comes between two statements."""
    from django.db import connection  # inline: as above

    found = Statements()
    with connection.execute_wrapper(found):
        yield found
    assert found.missed() == []


@pytest.fixture
def no_scope():
    """Lifts django-scopes for a test that crosses organizers."""
    from django_scopes import scopes_disabled  # inline: as above

    with scopes_disabled():
        yield
