"""The pipelines of a new portal (hubspot.md 8, A; order, ticket and custom stage ids are samples)."""

from hubspot_simulator.crm.pipelines.state import Pipeline, Stage

ORDER_STAGES = (
    ("4b27b500-f031-4927-9811-68a0b525cbae", "Open", "OPEN"),
    ("937ea84d-0a4f-4dcf-9028-3f9c2aafbf03", "Processed", "OPEN"),
    ("aa99e8d0-c1d5-4071-b915-d240bbb1aed9", "Shipped", "OPEN"),
    ("3725360f-519b-4b18-a593-494d60a29c9f", "Delivered", "CLOSED"),
    ("3c85a297-e9ce-400b-b42e-9f16853d69d6", "Cancelled", "CLOSED"),
)
TICKET_STAGES = (
    ("1", "New", "OPEN"),
    ("2", "Waiting on contact", "OPEN"),
    ("3", "Waiting on us", "OPEN"),
    ("4", "Closed", "CLOSED"),
)
DEAL_STAGES = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)


def default_pipelines() -> dict[str, list[Pipeline]]:
    """By object type; custom objects have none until somebody makes one."""
    return {
        "deals": [Pipeline("default", "Sales Pipeline", 0, _with_probability(*DEAL_STAGES))],
        "tickets": [Pipeline("0", "Support Pipeline", 0, _with_state("ticketState", *TICKET_STAGES))],
        "orders": [
            Pipeline("14a2e10e-5471-408a-906e-c51f3b04369e", "Order Pipeline", 0, _with_state("state", *ORDER_STAGES))
        ],
        "event_sessions": [],
    }


def _with_probability(*stages: tuple[str, str, str]) -> list[Stage]:
    """Stages of deals: won at 1.0, lost at 0.0; ``isClosed`` is derived."""
    return [
        Stage(stage_id, label, order, {"isClosed": _flag(chance in ("0.0", "1.0")), "probability": chance})
        for order, (stage_id, label, chance) in enumerate(stages)
    ]


def _with_state(key: str, *stages: tuple[str, str, str]) -> list[Stage]:
    """Stages whose metadata says OPEN or CLOSED; ``isClosed`` is derived."""
    return [
        Stage(stage_id, label, order, {key: state, "isClosed": _flag(state == "CLOSED")})
        for order, (stage_id, label, state) in enumerate(stages)
    ]


def _flag(value: bool) -> str:
    return str(value).lower()
