"""What the figures must be, as ratios of one run."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """``limit`` is the most or the least that is allowed; ``of`` names the figure that it is a multiple of."""

    key: str
    text: str
    limit: float
    at_least: bool = False
    of: str = ""

    def bound(self, figures: Mapping[str, float]) -> float:
        return self.limit * figures[self.of] if self.of else self.limit

    def met(self, figures: Mapping[str, float]) -> bool:
        value, bound = figures[self.key], self.bound(figures)
        return value >= bound if self.at_least else value <= bound


TARGETS = (
    Target("calls_per_order_backlog", "requests per new order, backlog", 0.09),
    Target("calls_per_order_fill", "requests per order, half of the people known", 0.12),
    Target("calls_per_order_unchanged", "requests per unchanged order", 0),
    Target("calls_single_order", "requests for a single order, all new", 5),
    Target("calls_single_order_mixed", "requests for a single order, two of three people known", 6),
    Target("refused_shared_record_calls", "requests for 100 orders that share one refused record", 8),
    Target("renamed_date_calls_per_order", "requests per order of a date that was renamed", 0.03),
    Target("renamed_date_calls_unread", "requests for orders that do not read their renamed date", 0),
    Target("links_ms_one_order_at_3_5m", "ms to read about one order's records among 3.5 million", 1),
    Target("links_ms_slice_at_3_5m", "ms to read about 100 orders' records among 3.5 million", 20),
    Target("engine_vs_core_cpu", "orders per processor second, times core's loop", 8, at_least=True),
    Target("engine_vs_core_wall", "orders per second at 150 ms, times core's loop", 45, at_least=True),
    Target("queries_per_order", "database statements per order", 0.4),
    Target("growth_mb_20000", "memory for 20,000 rows (MB)", 1.5, of="growth_mb_1000"),
    Target("time_per_order_20000", "seconds per order in a queue of 20,000", 1.2, of="time_per_order_1000"),
    Target("rush_budget_use", "part of HubSpot's limit used in a rush", 0.92, at_least=True),
    Target("rush_budget_use_busy", "the same beside a process that computes", 0.88, at_least=True),
    Target("rate_limit_violations", "answers 429 in a rush", 0),
    Target("workers_4_vs_1", "time of four workers, times one worker's", 0.4),
    Target("live_latency_p50_s", "seconds until an order is in HubSpot, median", 0.8),
    Target("live_latency_p95_s", "seconds until an order is in HubSpot, 95 of 100", 8),
    Target("trickle_calls_per_order", "requests per order, five orders per second", 1),
    Target("trickle_latency_p95_s", "seconds until these are in HubSpot, 95 of 100", 3),
    Target("trickle_calls_per_order_tight", "the same requests, a tenth of the day's quota left", 0.3),
    Target("core_run_calls_40_events", "requests of core's run, 40 events with an order each", 6),
    Target("foreign_task_delay_p95_s", "seconds a customer's task waits in a rush, 95 of 100", 2),
    Target("foreign_task_delay_max_s", "seconds a customer's task waits in a rush, at most", 5),
    Target("next_slice_ms_at_300k", "ms until a slice is claimed, 300,000 orders waiting", 50),
    Target("periodic_round_s_10k_idle_events", "seconds of a round, 10,000 events at rest", 3),
    Target("settings_page_s_at_300k", "seconds of the settings page, 300,000 orders", 0.3),
    Target("resend_start_s_at_300k", "seconds until 300,000 orders are sent again", 1),
    Target("campaign_start_s_at_500k", "seconds until a campaign over 500,000 orders runs", 1),
    Target("campaign_choose_s_at_500k", "seconds until a slice of it is claimed", 1),
    Target("campaign_pause_s_at_500k", "seconds until it is paused", 1),
    Target("campaign_rows_most", "rows of it in core's queue", 2_000),
    Target("fairness", "ten orders overtake 5,000 of another event", 1, at_least=True),
)
