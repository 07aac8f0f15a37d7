"""What `make demo` says before it starts, and what it tells pretix."""

import os
import socket
from argparse import Namespace

import pytest

from demo.__main__ import refuse_taken_ports
from demo.place import Place, addresses, free_port, is_free


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_noticed(taken_port):
    assert not is_free(taken_port)


def test_another_port_is_offered(taken_port):
    with pytest.raises(SystemExit) as refusal:
        refuse_taken_ports(Namespace(port=taken_port, portal_port=free_port(20000)))
    assert f"listens on port {taken_port}" in str(refusal.value)
    assert "make demo PORT=" in str(refusal.value)


def test_pretix_and_portal_need_two_ports():
    port = free_port(20000)
    with pytest.raises(SystemExit, match="two different ports"):
        refuse_taken_ports(Namespace(port=port, portal_port=port))


def test_waitress_listens_wherever_localhost_points():
    assert "127.0.0.1:8000" in addresses(8000)


def test_the_operators_configuration_of_this_machine_is_not_read(tmp_path):
    assert Place(tmp_path, 8000, 8001).environment()["PRETIX_CONFIG_FILE"] == os.devnull


def test_the_simulated_portal_comes_with_an_app(tmp_path):
    told = Place(tmp_path, 8000, 8001).environment()
    assert told["PRETIX_HUBSPOT_API_URL"] == told["PRETIX_HUBSPOT_APP_URL"] == "http://localhost:8001"
    assert told["PRETIX_HUBSPOT_CLIENT_ID"]


def test_the_real_hubspot_never_sees_the_demos_app(tmp_path):
    told = Place(tmp_path, 8000, 8001, "https://api.hubapi.com", "https://app.hubspot.com").environment()
    assert told["PRETIX_HUBSPOT_API_URL"] == "https://api.hubapi.com"
    assert told["PRETIX_HUBSPOT_APP_URL"] == "https://app.hubspot.com"
    assert "PRETIX_HUBSPOT_CLIENT_ID" not in told
