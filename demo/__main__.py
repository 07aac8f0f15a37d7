"""`python -m demo`: prepares, serves, and says where to look; Ctrl-C ends everything it started."""

import argparse
import shutil
import signal
import sys
import threading
from pathlib import Path

from demo.names import CONFERENCE, LOGIN, ORGANIZER, PASSWORD
from demo.place import Place, free_port, is_free

DATA = Path(__file__).resolve().parent / "data"


def main():
    args = parse_arguments()
    refuse_taken_ports(args)
    if args.reset and args.data.exists():
        shutil.rmtree(args.data)
    place = Place(args.data, args.port, args.portal_port)
    run(place)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="python -m demo", description="A seeded pretix beside a simulated HubSpot.")
    parser.add_argument("--port", type=int, default=8000, help="of pretix (8000)")
    parser.add_argument("--portal-port", type=int, default=8001, help="of the simulated HubSpot (8001)")
    parser.add_argument("--data", type=Path, default=DATA, help="folder to keep everything in (demo/data)")
    parser.add_argument("--reset", action="store_true", help="forget everything and begin anew")
    return parser.parse_args()


def refuse_taken_ports(args):
    """Stops before anything is created if somebody else answers on one of our ports."""
    taken = [port for port in (args.port, args.portal_port) if not is_free(port)]
    if args.port == args.portal_port:
        sys.exit("pretix and the portal need two different ports.")
    if taken:
        port = free_port(args.port)
        portal = free_port(args.portal_port, avoid=(port,))
        sys.exit(
            f"Something on this machine already listens on port {' and '.join(map(str, taken))}"
            " (perhaps another demo?).\n"
            f"These are free: make demo PORT={port} PORTAL_PORT={portal}"
        )


def run(place):
    print("Starting … the first time takes a little longer.", flush=True)
    from demo import portal, start  # inline: after the ports are known to be free, since these take seconds to import
    from demo.tables import TablesChanged

    try:
        fresh = start.pretix(place)
    except TablesChanged:
        sys.exit("The plugin's tables have changed since this demo was created. Begin anew: make demo-reset")
    from demo.server import Shop
    from demo.ticker import Ticker

    with portal.serve(place) as sim, Shop(place.port), Ticker(afterwards=lambda: portal.keep(sim, place)):
        print(welcome(place, sim.service_key, fresh), flush=True)
        wait_for_the_end()
    print("\nStopped. `make demo` goes on where you left, `make demo-reset` begins anew.")


def welcome(place, service_key, fresh):
    event = f"{place.site}/control/event/{ORGANIZER}/{CONFERENCE}"
    return f"""
  {"Everything is new." if fresh else "Everything is as you left it."}

  Shop      {place.site}/{ORGANIZER}/{CONFERENCE}/
  Backend   {event}/      log in as {LOGIN} with the password {PASSWORD}
  Portal    {place.portal}/      what HubSpot would show

  Four steps to try

  1. Connect   {event}/hubspot/
               Request access, and allow it. (Or paste this service key: {service_key})
  2. Map       on the same page: Start with a suggestion.
  3. Buy       in the shop; any name and address will do, bank transfer costs nothing here.
  4. Look      at the portal: a contact, a deal, and the line between them.
               Then at the order in the backend: "Data transfer to external systems".
               An order from before you connected goes there with "Sync now".

  Mails are written to {place.data / "mails"}. Ctrl-C ends everything.
"""


def wait_for_the_end():
    """Sleeps until Ctrl-C or a polite kill."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    over.wait()


if __name__ == "__main__":
    main()
