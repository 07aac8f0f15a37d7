"""What the portal has to look like, in plain words; knows nothing of how the plugin gets there.

The model looks at the portal after every step.
What pretix changed must be what an order wished for (nothing doubled, nothing defaced, nothing taken away), and once
everything is calm, every wish must have come true (nothing lost).
Where several orders wish for different things, any of them will do.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

KEY, OTHER_KEY = KEYS = ("pretix_order_key", "shop_key")
STAGES = {"n": "appointmentscheduled", "p": "closedwon", "e": "closedlost", "c": "closedlost"}
#: What HubSpot keeps for itself.
DERIVED = {"createdate", "lastmodifieddate", "closedate", "amount_in_home_currency"}
NUMBERS = {"amount", "pretix_refunded"}


@dataclass
class Portal:
    """What is in HubSpot, by record id; a link is a deal with a contact."""

    contacts: dict[str, dict[str, str]] = field(default_factory=dict)
    deals: dict[str, dict[str, str]] = field(default_factory=dict)
    links: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class Person:
    """Somebody's record in one order: ``rows`` are (property, mode, value); a canceled ticket's is not insisted on.

    ``yields`` tells that the mapping has a policy for addresses that are shared: others may rule the record.
    """

    address: str
    rows: tuple[tuple[str, str, str], ...]
    canceled: bool = False
    yields: bool = False


@dataclass(frozen=True)
class Wish:
    """What one order is to be in HubSpot.

    A deal that a filter leaves out is not made, but kept up to date if it was there before: ``deal_if_known``.
    ``identifier`` is the property that holds the key now.
    """

    order: int
    event: int
    key: str
    deal: tuple[tuple[str, str], ...]
    people: tuple[Person, ...]
    deal_if_known: bool = False
    detaches: bool = False
    identifier: str = KEY


class Model:
    """The portal as it was at the last look, and which records our people and orders are."""

    def __init__(self) -> None:
        self.portal = Portal()
        self.people: dict[str, str] = {}  # address -> the contact that it was sent to
        self.orders: dict[int, str] = {}  # order -> its deal
        self.seen: set[str] = set()  # keys of all deals that ever were
        self.touched: set[str] = set()  # what people changed since all orders were sent by hand: ids, addresses, keys

    # What people did

    def taken(self, portal: Portal, *touched: str, merged_into: str = "") -> None:
        """People did what they liked; records that they merged go on as another one, those they deleted are gone."""
        for record in touched:
            held = self.portal.contacts.get(record) or self.portal.deals.get(record) or {}
            self.touched |= {record, merged_into} | _keys(held) | _addresses(held)
        self.portal = portal
        for known, live in ((self.people, portal.contacts), (self.orders, portal.deals)):
            for name, record in list(known.items()):
                if merged_into and record in touched:
                    known[name] = merged_into
                elif record not in live:
                    del known[name]

    # What pretix did

    def watch(self, portal: Portal, wishes: Iterable[Wish]) -> None:
        """All differences to the last look are ours: each must be somebody's wish."""
        before, wishes = self.portal, list(wishes)
        assert not before.contacts.keys() - portal.contacts.keys(), "a contact vanished"
        assert not before.deals.keys() - portal.deals.keys(), "a deal vanished"
        self._nothing_doubled(portal, wishes)
        for record in portal.contacts:
            rows = [row for wish in wishes for row in self._rows_of(wish, record, portal)]
            self._only_wished(before.contacts.get(record), portal.contacts[record], rows)
        for record in portal.deals:
            rows = [row for wish in wishes if self.deal(wish, portal) == record for row in _overwriting(wish)]
            self._only_wished(before.deals.get(record), portal.deals[record], rows)
        wished = {pair for wish in wishes for pair in self._links(wish, portal)}
        assert portal.links - before.links <= wished, f"unwished links {portal.links - before.links - wished}"
        detachable = {self.deal(wish, portal) for wish in wishes if wish.detaches}
        unlinked = {pair for pair in before.links - portal.links if pair[0] not in detachable or pair in wished}
        assert not unlinked, f"links taken away: {unlinked}"
        self.portal = portal
        self.seen |= {key for held in portal.deals.values() for key in _keys(held)}

    def _nothing_doubled(self, portal: Portal, wishes: list[Wish]) -> None:
        addresses = {person.address for wish in wishes for person in wish.people}
        for record in portal.contacts.keys() - self.portal.contacts.keys():
            address = portal.contacts[record]["email"]
            assert address in addresses, "a contact that nobody wished for"
            assert self.contact(address, self.portal) is None, f"{address} twice"
        by_key = {wish.key: wish for wish in wishes if not wish.deal_if_known or wish.key in self.seen}
        for record in portal.deals.keys() - self.portal.deals.keys():
            key = next(iter(_keys(portal.deals[record])), None)
            assert key in by_key, f"a deal that nobody wished for: {key}"
            assert self.deal(by_key[key], self.portal) is None, f"{key} twice"

    def _only_wished(self, before: dict[str, str] | None, after: dict[str, str], rows: list[tuple]) -> None:
        known = before or {}
        for name in {*known, *after} - DERIVED:
            old, new = known.get(name, ""), after.get(name, "")
            if name.startswith("hs_") or (name == "email" and before is None):
                continue
            mine = [(mode, value) for of, mode, value in rows if of == name]
            if not _same(name, old, new):
                assert _may_become(name, old, new, mine, is_new=before is None), (name, old, new, mine)

    # What must be there

    def complete(self, wishes: Iterable[Wish], all_wishes: Iterable[Wish], untouched_only: bool = False) -> None:
        """Each of these wishes came true; others may have had their way where they wish for the same property."""
        for wish in wishes:
            deal = self.deal(wish, self.portal)
            if not wish.deal_if_known and not (untouched_only and self._is_touched(wish)):
                assert deal, f"{wish.key} is lost"
                rivals = [other for other in all_wishes if self.deal(other, self.portal) == deal]
                for name, _ in wish.deal:
                    held = self.portal.deals[deal].get(name, "")
                    wished = [value for other in rivals for of, value in other.deal if of == name]
                    assert any(_same(name, held, value) for value in wished), (wish.key, name, held, wished)
            for person in wish.people:
                if not person.canceled and not (untouched_only and self._is_touched(wish)):
                    self._person_complete(wish, person, all_wishes)

    def _person_complete(self, wish: Wish, person: Person, all_wishes: Iterable[Wish]) -> None:
        record = self.contact(person.address, self.portal)
        assert record, f"{person.address} of {wish.key} is lost"
        held = self.portal.contacts[record]
        sharing = [
            one for other in all_wishes for one in other.people if self.contact(one.address, self.portal) == record
        ]
        rivals = [row for one in sharing for row in one.rows]
        ruled = len(sharing) > 1 and any(one.yields for one in sharing)
        for name, mode, value in person.rows:
            if ruled and mode != "append":
                continue  # whose values count is up to the policy
            if mode == "overwrite":
                assert held.get(name, "") in {v for of, _, v in rivals if of == name}, (person.address, name, held)
            elif mode == "append":
                assert value in _items(held.get(name, "")), (person.address, name, held)
            elif mode == "if_empty" and not any(of == name and m == "overwrite" for of, m, _ in rivals):
                assert held.get(name) or not value, (person.address, name, held)
        if not wish.deal_if_known:
            deal = self.deal(wish, self.portal)
            assert (deal, record) in self.portal.links, f"{wish.key} is not linked with {person.address}"

    def remember(self, wishes: Iterable[Wish]) -> None:
        """These orders are in sync: from now on their records are known by their ids, whatever people call them."""
        for wish in wishes:
            if (deal := self.deal(wish, self.portal)) and not wish.deal_if_known:
                self.orders[wish.order] = deal
            for person in wish.people:
                if record := self.contact(person.address, self.portal):
                    self.people[person.address] = record

    # Who is who

    def contact(self, address: str, portal: Portal) -> str | None:
        """Known by its id as long as it has the address; else the one that has it; else the one that had it."""
        known = self.people.get(address)
        if known and address in _addresses(portal.contacts.get(known, {})):
            return known
        holders = (record for record, held in portal.contacts.items() if address in _addresses(held))
        return next(holders, known)

    def deal(self, wish: Wish, portal: Portal) -> str | None:
        """Likewise, by the order's key, which an identifier property from before may hold as well.

        A deal that people made of two orders' is one's; the other gets a new one.
        """
        known = self.orders.get(wish.order)
        if known and wish.key in _keys(portal.deals.get(known, {})):
            return known
        holders = [record for record, held in portal.deals.items() if wish.key in _keys(held)]
        holders.sort(key=lambda record: portal.deals[record].get(wish.identifier) != wish.key)
        is_shared = list(self.orders.values()).count(known or "") > 1
        return next(iter(holders), None if is_shared else known)

    def _rows_of(self, wish: Wish, record: str, portal: Portal) -> list[tuple[str, str, str]]:
        return [row for person in wish.people if self.contact(person.address, portal) == record for row in person.rows]

    def _links(self, wish: Wish, portal: Portal) -> set[tuple[str, str]]:
        """A deal that became another order's by a merge is still taken for the own one until it is read again."""
        deals = {self.deal(wish, portal), self.orders.get(wish.order)}
        people = {self.contact(person.address, portal) for person in wish.people}
        return {(deal, record) for deal in deals for record in people if deal and record}

    def _is_touched(self, wish: Wish) -> bool:
        addresses = {person.address for person in wish.people}
        records = {self.deal(wish, self.portal), *(self.contact(address, self.portal) for address in addresses)}
        return bool({wish.key, *addresses, *records} & self.touched)


def _overwriting(wish: Wish) -> list[tuple[str, str, str]]:
    return [(name, "overwrite", value) for name, value in wish.deal]


def _may_become(name: str, old: str, new: str, rows: list[tuple[str, str]], is_new: bool) -> bool:
    modes = {mode for mode, _ in rows}
    values = {value for _, value in rows}
    if "overwrite" in modes:  # whatever comes after it finds what it left
        return any(_same(name, new, value) for value in values | {""})
    if "append" in modes:
        return _items(old) <= _items(new) <= _items(old) | values
    filling = {value for mode, value in rows if mode == "if_empty" or is_new}
    return old == "" and new in filling


def _same(name: str, one: str, other: str) -> bool:
    if name in NUMBERS and one and other:
        return float(one) == float(other)
    return one == other


def _items(text: str) -> set[str]:
    return {item for item in text.split(";") if item}


def _keys(deal: dict[str, str]) -> set[str]:
    return {deal.get(name, "") for name in KEYS} - {""}


def _addresses(contact: dict[str, str]) -> set[str]:
    return {contact.get("email", ""), *_items(contact.get("hs_additional_emails", ""))} - {""}
