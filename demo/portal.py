"""The simulated HubSpot beside the demo's pretix, with the app and the service key that it knows."""

import json
import re
from contextlib import contextmanager
from pathlib import Path

from demo import memory
from demo.place import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET

FILE = "portal.pickle"
OPERATORS = Path(__file__).resolve().parent.parent / "docs" / "operators.md"


def build(place):
    """A simulator that knows the demo's OAuth app, as if an operator had registered it as docs/operators.md says."""
    from hubspot_simulator import App, Simulator  # inline: a smoke test against the real HubSpot needs no simulator

    app = App(
        client_id=DEMO_CLIENT_ID,
        client_secret=DEMO_CLIENT_SECRET,
        name="pretix (demo)",
        label="pretix",
        redirect_urls=[place.return_url],
        **scopes(),
    )
    return Simulator(ui_origin=place.portal, app=app)


def scopes():
    """The lists of the app's configuration, read where operators do."""
    [block] = re.findall(r"```json\n(.*?)```", OPERATORS.read_text(), re.DOTALL)
    listed = json.loads(block)
    return {"required_scopes": listed["requiredScopes"], "optional_scopes": listed["optionalScopes"]}


@contextmanager
def serve(place):
    """Serves the portal until the block ends, and remembers it for the next start."""
    sim = build(place)
    stored = place.data / FILE
    if not memory.recall(sim, stored):
        print("The simulator has changed: the portal starts empty. To fit pretix to it, begin anew: make demo-reset")
    try:
        with sim.serve(port=place.portal_port):
            yield sim
    finally:
        keep(sim, place)


def keep(sim, place):
    """Stores the portal's state; also called now and then, for the day the demo is not stopped politely."""
    memory.remember(sim, place.data / FILE)
