"""The simulated HubSpot beside the demo's pretix, with the app and the service key that it knows."""

from contextlib import contextmanager

from demo import memory
from demo.place import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET

FILE = "portal.pickle"
REQUIRED_SCOPES = ["crm.objects.contacts.read", "crm.objects.contacts.write"]  # as README.md tells operators to enter


def build(place):
    """A simulator that knows the demo's OAuth app, as if an operator had registered it."""
    from hubspot_simulator import App, Simulator  # inline: a smoke test against the real HubSpot needs no simulator

    app = App(
        client_id=DEMO_CLIENT_ID,
        client_secret=DEMO_CLIENT_SECRET,
        name="pretix (demo)",
        redirect_urls=[place.return_url],
        required_scopes=REQUIRED_SCOPES,
    )
    return Simulator(ui_origin=place.portal, app=app)


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
