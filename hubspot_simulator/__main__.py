"""``python -m hubspot_simulator``: the simulator as a process of its own."""

import argparse
import sys

from . import App, Simulator


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m hubspot_simulator", description=__doc__)
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=8001, help="0 takes a free one, which the first line of output says")
    made.add_argument("--latency-ms", type=float, default=0.0, help="how long every request takes")
    made.add_argument("--batch-latency-ms", type=float, default=None, help="how long batch requests take instead")
    made.add_argument("--rate-limit", default="auto", help="calls per 10 seconds, 'auto' as HubSpot does, or 'off'")
    made.add_argument("--daily-limit", default="auto", help="calls per day, 'auto' or 'off'")
    made.add_argument("--search-limit", default="auto", help="searches per second, 'auto' or 'off'")
    made.add_argument("--portal-id", type=int, default=48_100_001)
    made.add_argument("--region", choices=("eu1", "na1"), default="eu1")
    made.add_argument("--tier", choices=("free", "starter", "professional", "enterprise"), default="enterprise")
    made.add_argument("--time-zone", default="Europe/Berlin")
    made.add_argument("--ui-origin", default="", help="origin of record links; 'self' is this simulator")
    made.add_argument("--client-id", default=App.client_id)
    made.add_argument("--client-secret", default=App.client_secret)
    made.add_argument("--redirect-url", action="append", help="allowed redirect URL; without any, all are")
    made.add_argument("--custom-properties", type=int, default=0, help="1000 makes a portal that grew for years")
    made.add_argument("--seed", type=int, default=1, help="of everything random")
    made.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help="see the README")
    return made


def _limit(text: str) -> int | str | None:
    return None if text == "off" else text if text == "auto" else int(text)


def _value(text: str) -> object:
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def build(options: argparse.Namespace) -> Simulator:
    """A simulator as the command line wants it."""
    own = f"http://{options.host}:{options.port}"
    switches = dict(entry.split("=", 1) for entry in options.switch)
    return Simulator(
        options.portal_id,
        region=options.region,
        ui_origin=own if options.ui_origin == "self" else options.ui_origin,
        tier=options.tier,
        time_zone=options.time_zone,
        latency_ms=options.latency_ms,
        batch_latency_ms=options.batch_latency_ms,
        rate_limit=_limit(options.rate_limit),
        daily_limit=_limit(options.daily_limit),
        search_limit=_limit(options.search_limit),
        custom_properties=options.custom_properties,
        seed=options.seed,
        app=App(options.client_id, options.client_secret, redirect_urls=options.redirect_url),
        **{name: _value(text) for name, text in switches.items()},
    )


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    sim = build(options)
    server = sim.listen(options.host, options.port)
    print(
        f"HubSpot simulator on http://{options.host}:{server.server_address[1]} "
        f"(portal {options.portal_id}, service key {sim.service_key})",
        flush=True,
    )
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
