"""``python -m benchmarks``: measures everything, prints a table, draws a chart, and ends with one JSON line.

It fails if the portal's content is wrong, an order failed, or a statement scans a table of records or orders; a missed
target is marked, but does not fail.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .place import API_URL, prepared
from .sizes import FULL, QUICK

RESULTS = Path(__file__).parent / "results"
_COUNTED = ("POST reset", "DELETE requests", "GET counters", "POST world", "GET state")
_TIMED = (*_COUNTED, "PATCH latency")
#: What the server's side door has to offer for each scenario.
NEEDED = {
    "requests": (*_COUNTED, "POST records"),
    "processor": _COUNTED,
    "clock": _TIMED,
    "refused": (*_COUNTED, "POST faults"),
    "dates": _COUNTED,
    "records": _COUNTED,
    "size": _COUNTED,
    "long_queue": _COUNTED,
    "several": (*_TIMED, "GET writes"),
    "rush": (*_TIMED, "PATCH limits"),
    "busy_rush": (*_TIMED, "PATCH limits"),
    "foreign": (*_TIMED, "PATCH limits"),
    "core_run": _TIMED,
    "trickle": (*_TIMED, "PATCH limits"),
    "live": _TIMED,
    "fairness": _TIMED,
}


def main() -> int:
    options = _parser().parse_args()
    with prepared() as portal:
        from . import chart, report  # inline, as below: Django was just set up

        figures: dict[str, float] = {}
        for name, scenario in _scenarios().items():
            if options.only and name not in options.only:
                continue
            if missing := portal.lacks(NEEDED[name]):
                print(f"{name}, left out: {portal.url} offers no {', '.join(missing)} (/_simulator/)", file=sys.stderr)
                continue
            started = time.monotonic()
            found = _measured(scenario, portal, QUICK if options.quick else FULL)
            print(f"{name}, {time.monotonic() - started:.0f} s: {report.json_line(found)}", file=sys.stderr)
            figures |= found
    if not options.quick and not options.only and not API_URL:
        report.save(figures, RESULTS, chart.svg(figures))
    print(report.table(figures), report.json_line(figures), sep="\n\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers: does it work, not how fast is it")
    parser.add_argument("--only", nargs="+", metavar="SCENARIO", help="just these; nothing is saved then")
    return parser


def _scenarios() -> dict[str, Callable]:
    from . import scenarios, scenarios_records, scenarios_schedule, scenarios_size, scenarios_workers

    return {
        "requests": scenarios.requests,
        "processor": scenarios.processor,
        "clock": scenarios.clock,
        "refused": scenarios.refused,
        "dates": scenarios.dates,
        "records": scenarios_records.records,
        "size": scenarios_size.size,
        "long_queue": scenarios.long_queue,
        "several": scenarios_workers.several,
        "rush": scenarios_workers.rush,
        "busy_rush": scenarios_workers.busy_rush,
        "foreign": scenarios_schedule.foreign,
        "core_run": scenarios_schedule.core_run,
        "trickle": scenarios_schedule.trickle,
        "live": scenarios_workers.live,
        "fairness": scenarios_workers.fairness,
    }


def _measured(scenario: Callable, portal, sizes) -> dict[str, float]:
    from django_scopes import scopes_disabled

    with scopes_disabled():
        return scenario(portal, sizes)


if __name__ == "__main__":
    sys.exit(main())
