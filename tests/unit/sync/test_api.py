"""Whatever the sender asks of HubSpot, the client and the dry run both do."""

import ast
import inspect
from pathlib import Path

import pytest

from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.data import AssociationPair, AssociationResult
from pretix_hubspot.sync import send
from pretix_hubspot.sync.send.api import Api
from pretix_hubspot.sync.send.dry_run import NEW, DryRun

METHODS = {name for name, _ in inspect.getmembers(Api, inspect.isfunction) if not name.startswith("_")}


@pytest.mark.parametrize("name", sorted(METHODS))
@pytest.mark.parametrize("implementation", [Client, DryRun])
def test_the_client_and_the_dry_run_take_what_the_protocol_says(implementation, name):
    assert inspect.signature(getattr(implementation, name)) == inspect.signature(getattr(Api, name))


def test_the_sender_asks_for_nothing_else():
    [room] = send.__path__
    trees = [ast.parse(path.read_text()) for path in Path(room).glob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)]

    asked = {node.attr for node in nodes if ast.unparse(node.value) in ("api", "self._api")}

    assert asked == METHODS


def test_the_dry_run_has_the_client_write_nothing():
    """Whatever it asks of the client is a look."""
    nodes = ast.walk(ast.parse(inspect.getsource(DryRun)))

    asked = {
        node.attr for node in nodes if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self._client"
    }

    assert asked == {"association_labels", "batch_read", "batch_reads", "get_record", "read_associations"}


class Asked:
    """A client that takes notes of what it is asked."""

    def __init__(self):
        self.asked = []

    def read_associations(self, *arguments):
        self.asked.append(arguments)
        return AssociationResult((AssociationPair("7", "8"),))


@pytest.mark.parametrize(
    ("ids", "asked", "pairs"),
    [
        (["7", f"{NEW}1"], [("deals", "contacts", ["7"], False)], 1),
        ([f"{NEW}1"], [], 0),
    ],
)
def test_the_dry_run_reads_no_associations_of_records_that_it_made(ids, asked, pairs):
    client = Asked()

    found = DryRun(client).read_associations("deals", "contacts", ids, False)

    assert (client.asked, len(found.pairs)) == (asked, pairs)
