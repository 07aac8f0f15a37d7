"""One HubSpot account: its settings, its schema and everything that it stores.

The portal holds the state of every area and answers questions that need more than one of them.
Records are written, merged and deleted in ``crm.objects``.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from hubspot_simulator.crm.account.state import Account
from hubspot_simulator.crm.associations.state import Associations, AssociationTypes, Node
from hubspot_simulator.crm.objects.state import Record, RecordStore
from hubspot_simulator.crm.pipelines.state import Pipelines
from hubspot_simulator.crm.properties.definitions import Option, Property
from hubspot_simulator.crm.properties.schema import Schema
from hubspot_simulator.crm.schemas.state import ObjectType, ObjectTypes
from hubspot_simulator.crm.search.state import SearchIndex
from hubspot_simulator.seed import SCHEMAS
from hubspot_simulator.seed.owners import default_owners
from hubspot_simulator.seed.pipelines import default_pipelines
from hubspot_simulator.switches import Switches


class Portal:
    """The state of one account; knows no HTTP."""

    def __init__(self, account: Account, clock: Callable[[], float], rng: Random, switches: Switches):
        self.account = account
        self.clock = clock
        self.rng = rng
        self.switches = switches
        self.types = ObjectTypes(account.portal_id)
        self.schema = Schema(clock, lambda: switches.property_lag_ms / 1000)
        for type_name, (groups, properties) in SCHEMAS.items():
            self.schema.seed(type_name, groups, [definition.copy() for definition in properties])
        self.pipelines = Pipelines(clock, rng, lambda: account.tier not in ("free", ""), default_pipelines())
        self.owners = default_owners(clock())
        self.stores = {entry.name: RecordStore(entry.name, entry.first_id) for entry in self.types.all}
        self.association_types = AssociationTypes()
        self.associations = Associations(self.association_types)
        self.search = SearchIndex(clock, lambda: switches.search_lag_s)
        self.blocked_emails: set[str] = set()
        self.required_associations: dict[str, list[str]] = {}
        self.writes: Counter[tuple[str, str]] = Counter()
        self.creates: Counter[str] = Counter()
        if len(account.additional_currencies) == 0:
            self._single_currency()

    @property
    def id(self) -> int:
        return self.account.portal_id

    def _single_currency(self) -> None:
        """A single-currency account lacks the currency property of deals (hubspot.md 6.2, C)."""
        self.schema.remove("deals", "deal_currency_code")

    def object_type(self, name: str) -> ObjectType:
        return self.types.find(name)

    def store(self, type_name: str) -> RecordStore:
        return self.stores[type_name]

    def records(self, type_name: str) -> list[Record]:
        """The live records of a type, oldest first."""
        return list(self.stores[self.types.find(type_name).name])

    def find(self, type_name: str, name: str, value: str) -> Record | None:
        """The first live record whose property holds ``value``; unique properties are looked up."""
        if name == "email" or name in self.schema.uniques(type_name) or name == "hs_object_id":
            return self.stores[type_name].by_value(name, value)
        return next((record for record in self.stores[type_name] if record.get(name) == value), None)

    def exists(self, node: Node) -> bool:
        return node[1] in self.stores[node[0]].live

    def options(self, type_name: str, definition: Property) -> list[Option]:
        """The allowed values of an enumeration, those included that live elsewhere in the portal."""
        source = definition.options_from
        if not source:
            return definition.options
        if source == "pipelines":
            return [Option(entry.id, entry.label, entry.display_order) for entry in self.pipelines.listed(type_name)]
        if source == "stages":
            return [Option(entry.id, entry.label, entry.display_order) for entry in self.pipelines.stages(type_name)]
        if source == "owners":
            return [
                Option(owner.id, f"{owner.first_name} {owner.last_name}", order)
                for order, owner in enumerate(self.owners)
                if not owner.archived
            ]
        codes = [self.account.currency, *self.account.additional_currencies]
        return [Option(code, code, order) for order, code in enumerate(codes)]

    def url(self, record: Record) -> str:
        """The address of a record in HubSpot's web application (hubspot.md 13)."""
        type_id = self.types.find(record.type_name).type_id
        return f"{self.account.ui_origin}/contacts/{self.id}/record/{type_id}/{record.id}"

    def local_time(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), tz=ZoneInfo(self.account.time_zone))

    def next_midnight(self) -> float:
        """When the daily quota starts anew: midnight in the portal's time zone (hubspot.md 3, A)."""
        today = self.local_time().replace(hour=0, minute=0, second=0, microsecond=0)
        return (today + timedelta(days=1)).timestamp()

    def stage_in_use(self, type_name: str, stage_id: str) -> bool:
        stage_property = self.types.find(type_name).stage_property
        return any(record.get(stage_property or "") == stage_id for record in self.stores[type_name])

    def details(self) -> dict:
        """The account as its settings page shows it (hubspot.md 13, A)."""
        offset = self.local_time().utcoffset() or timedelta()
        minutes = int(offset.total_seconds() // 60)
        sign = "-" if minutes < 0 else "+"
        return {
            "portalId": self.id,
            "accountType": self.account.account_type,
            "timeZone": self.account.time_zone,
            "companyCurrency": self.account.currency,
            "additionalCurrencies": list(self.account.additional_currencies),
            "utcOffset": f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}",
            "utcOffsetMilliseconds": minutes * 60_000,
            "uiDomain": self.account.ui_domain,
            "dataHostingLocation": self.account.region,
        }
