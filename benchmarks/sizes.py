"""How much of everything is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Numbers of orders, unless said otherwise. Slices are of 100 orders, whatever the sizes."""

    backlog: int = 1_000
    rounds: int = 5  # of 200 orders through the engine and 50 through core's loop, taking turns
    core_wall: int = 100
    partial: tuple[int, ...] = (1, 7, 33)
    slow: int = 300
    short_queue: int = 1_000
    long_queue: int = 20_000
    rush: int = 10_000
    parallel: int = 2_000
    live: int = 60
    renamed: int = 1_000
    records: int = 3_500_000  # with as many uses
    aliases: int = 350_000
    known_orders: int = 300_000
    flash_sale: int = 5_000
    big_event: int = 300_000
    idle_events: int = 10_000  # of ten orders each
    campaign: int = 500_000
    page_age: float = 61.0  # seconds until a page has to know what happened
    probes: int = 50
    small_events: int = 40
    trickle: int = 150


FULL = Sizes()
#: For a check that everything still works; the figures are rough, and a short rush has no budget to use.
QUICK = Sizes(
    backlog=300,
    rounds=2,
    core_wall=10,
    slow=100,
    short_queue=300,
    long_queue=2_000,
    rush=2_000,
    parallel=600,
    live=15,
    renamed=200,
    records=350_000,
    aliases=150_000,
    known_orders=150_000,
    flash_sale=3_000,
    big_event=60_000,
    idle_events=1_000,
    campaign=80_000,
    page_age=0.0,
    probes=10,
    small_events=10,
    trickle=30,
)
