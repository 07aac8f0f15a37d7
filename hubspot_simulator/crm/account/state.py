"""An account's settings and its staff (hubspot.md 6.2: a record's owner is an owner id, never a user id)."""

from dataclasses import dataclass, field

UI_HOSTS = {"na1": "app.hubspot.com", "eu1": "app-eu1.hubspot.com"}


@dataclass
class Account:
    """What an account's settings say; ``tier`` is free, starter, professional or enterprise."""

    portal_id: int = 48_100_001
    name: str = "Kulturhaus Demo GmbH"
    region: str = "eu1"
    ui_origin: str = ""
    account_type: str = "STANDARD"
    time_zone: str = "Europe/Berlin"
    currency: str = "EUR"
    additional_currencies: list[str] = field(default_factory=lambda: ["CHF", "USD"])
    hub_domain: str = "kulturhaus-demo.example.org"
    tier: str = "enterprise"

    def __post_init__(self) -> None:
        self.ui_origin = (self.ui_origin or f"https://{UI_HOSTS.get(self.region, 'app.hubspot.com')}").rstrip("/")

    @property
    def ui_domain(self) -> str:
        return self.ui_origin.partition("://")[2]


@dataclass
class Owner:
    """One user who can own records."""

    id: str
    user_id: int
    email: str
    first_name: str
    last_name: str
    created_at: float
    archived: bool = False
