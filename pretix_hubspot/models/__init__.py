"""The plugin's tables.

Core's ``OrderSyncQueue`` alone says which orders wait, and its ``OrderSyncResult`` rows are what order pages show.
These tables hold what core has no room for: the connection to a portal, the portal's schema, the mappings, which
HubSpot record belongs to which of ours, and the state of each order.

Columns such as ``event_id`` are annotated where a type checker needs them; Django makes them of the foreign keys.
"""

from .campaigns import Campaign
from .connections import (
    LOG_DAYS,
    CatalogEntry,
    Connection,
    EventConnection,
    FormerConnection,
    OAuthState,
    RequestBudgetState,
)
from .mappings import ObjectMapping
from .records import URL_LENGTH, KnownRecord, RecordAlias, RecordLink, RecordUse
from .rounds import Round
from .runs import Heartbeat, Run, RunEntry
from .schedule import WorkItem
from .transfers import PROVIDER, CountedOrders, DailyCount, OrderState, part_of

__all__ = [
    "Campaign",
    "Connection",
    "EventConnection",
    "FormerConnection",
    "CatalogEntry",
    "RequestBudgetState",
    "OAuthState",
    "ObjectMapping",
    "KnownRecord",
    "RecordAlias",
    "RecordUse",
    "RecordLink",
    "OrderState",
    "CountedOrders",
    "DailyCount",
    "part_of",
    "WorkItem",
    "Round",
    "Run",
    "RunEntry",
    "Heartbeat",
    "LOG_DAYS",
    "URL_LENGTH",
    "PROVIDER",
]
