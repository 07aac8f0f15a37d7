"""Associations between records and the types (labels) that they can have (hubspot.md 7)."""

from collections.abc import Iterator
from dataclasses import dataclass

from hubspot_simulator.problems import MISSING, TOO_MANY_LABELS, Problem, invalid

HUBSPOT, USER = "HUBSPOT_DEFINED", "USER_DEFINED"
Key = tuple[str, int]
Node = tuple[str, str]

# from, to, unlabelled id, its reverse; then (label, id, reverse id) of further ones (hubspot.md 7.2, A).
# Ids above 9000 are not known and stand for "some id".
KNOWN = [
    ("contacts", "companies", 279, 280, [("Primary", 1, 2)]),
    ("deals", "contacts", 3, 4, []),
    ("deals", "companies", 341, 342, [("Primary", 5, 6)]),
    ("deals", "line_items", 19, 20, []),
    ("tickets", "contacts", 16, 15, []),
    ("deals", "tickets", 27, 28, []),
    ("orders", "contacts", 507, 508, []),
    ("orders", "companies", 934, 9935, [("Primary", 509, 510)]),
    ("orders", "deals", 512, 511, []),
    ("orders", "line_items", 513, 514, []),
    ("orders", "tickets", 525, 526, []),
    ("tickets", "companies", 339, 340, [("Primary", 26, 25)]),
]


@dataclass(frozen=True)
class AssociationType:
    """One direction of one way to link two object types; ``inverse`` is the id of the other direction."""

    category: str
    id: int
    from_type: str
    to_type: str
    label: str | None
    inverse: int
    name: str = ""

    @property
    def key(self) -> Key:
        return self.category, self.id


class AssociationTypes:
    """Which association types exist between which object types."""

    def __init__(self) -> None:
        self._by_key: dict[Key, AssociationType] = {}
        self._by_pair: dict[tuple[str, str], list[AssociationType]] = {}
        self._next_default = 9_000
        self._next_label = 1
        for from_type, to_type, forth, back, labelled in KNOWN:
            self._define(HUBSPOT, from_type, to_type, (forth, back), (None, None))
            for label, label_forth, label_back in labelled:
                self._define(HUBSPOT, from_type, to_type, (label_forth, label_back), (label, label))

    def _define(
        self,
        category: str,
        from_type: str,
        to_type: str,
        ids: tuple[int, int],
        labels: tuple[str | None, str | None],
        name: str = "",
    ) -> AssociationType:
        forth = AssociationType(category, ids[0], from_type, to_type, labels[0], ids[1], name)
        back = AssociationType(category, ids[1], to_type, from_type, labels[1], ids[0], name)
        for entry in {forth.key: forth, back.key: back}.values():
            self._by_key[entry.key] = entry
            self._by_pair.setdefault((entry.from_type, entry.to_type), []).append(entry)
        return forth

    def between(self, from_type: str, to_type: str) -> list[AssociationType]:
        """All types of a pair; the unlabelled one always exists."""
        self.default(from_type, to_type)
        return list(self._by_pair[from_type, to_type])

    def known(self, from_type: str, to_type: str) -> list[AssociationType]:
        """The types of a pair so far, without making the unlabelled one up."""
        return list(self._by_pair.get((from_type, to_type), []))

    def default(self, from_type: str, to_type: str) -> AssociationType:
        for entry in self._by_pair.get((from_type, to_type), []):
            if entry.category == HUBSPOT and entry.label is None:
                return entry
        self._next_default += 2
        ids = (self._next_default, self._next_default + (from_type != to_type))
        return self._define(HUBSPOT, from_type, to_type, ids, (None, None))

    def find(self, category: str, type_id: int) -> AssociationType | None:
        return self._by_key.get((category, type_id))

    def inverse(self, entry: AssociationType) -> AssociationType:
        return self._by_key[entry.category, entry.inverse]

    def add_label(
        self, from_type: str, to_type: str, label: str, inverse_label: str, name: str, limit: int
    ) -> AssociationType:
        """A label, or a pair of labels with two ids (hubspot.md 7.1, A/B)."""
        own = [entry for entry in self.between(from_type, to_type) if entry.category == USER]
        if len(own) >= limit:
            raise Problem(TOO_MANY_LABELS, "The limit of association labels is reached", "VALIDATION_ERROR")
        if any(entry.label == label for entry in own):
            raise invalid(f"An association label {label} already exists")
        first = self._next_label
        self._next_label += 2
        second = first + 1 if inverse_label or from_type != to_type else first
        return self._define(USER, from_type, to_type, (first, second), (label, inverse_label or label), name)

    def rename_label(self, type_id: int, label: str, inverse_label: str | None) -> None:
        entry = self._user_defined(type_id)
        other = self.inverse(entry)
        self._replace(entry, label)
        if other.key != entry.key:
            self._replace(other, inverse_label or (label if other.label == entry.label else other.label))

    def remove_label(self, type_id: int) -> list[Key]:
        """Removes both directions and says which keys are gone."""
        entry = self._user_defined(type_id)
        gone = {entry.key: entry, (entry.category, entry.inverse): self.inverse(entry)}
        for key, removed in gone.items():
            del self._by_key[key]
            self._by_pair[removed.from_type, removed.to_type].remove(removed)
        return list(gone)

    def _user_defined(self, type_id: int) -> AssociationType:
        entry = self.find(USER, type_id)
        if entry is None:
            raise Problem(MISSING, f"Association type {type_id} does not exist", "OBJECT_NOT_FOUND")
        return entry

    def _replace(self, entry: AssociationType, label: str | None) -> None:
        changed = AssociationType(
            entry.category, entry.id, entry.from_type, entry.to_type, label, entry.inverse, entry.name
        )
        self._by_key[entry.key] = changed
        pair = self._by_pair[entry.from_type, entry.to_type]
        pair[pair.index(entry)] = changed


class Associations:
    """Who is linked with whom; every link is stored in both directions."""

    def __init__(self, types: AssociationTypes):
        self.types = types
        self._links: dict[Node, dict[Node, set[Key]]] = {}
        self.limits: dict[tuple[str, str], int] = {}  # how many records of one type a record may be linked with

    def link(self, one: Node, other: Node, entries: list[AssociationType], replace: bool = False) -> bool:
        """Links two records and says whether anything is new.

        A label brings the unlabelled type along; ``replace`` drops the labels that were there (hubspot.md 7.1, A).
        """
        default = self.types.default(one[0], other[0])
        wanted = {default.key} | {entry.key for entry in entries}
        current = self._links.get(one, {}).get(other, set())
        new = wanted if replace else current | wanted
        if new == current:
            return False
        self._store(one, other, new)
        self._demote(one, other, entries)
        return True

    def over_limit(self, one: Node, other: Node) -> int | None:
        """The account's limit that this link would break, in either direction (hubspot.md 16, A)."""
        for first, second in ((one, other), (other, one)):
            limit = self.limits.get((first[0], second[0]))
            linked = [node for node in self._links.get(first, {}) if node[0] == second[0]]
            if limit is not None and second not in linked and len(linked) >= limit:
                return limit
        return None

    def _demote(self, one: Node, other: Node, entries: list[AssociationType]) -> None:
        """A record has one primary company: a new one takes the label from the old one."""
        for entry in entries:
            if entry.category != HUBSPOT or entry.label is None:
                continue
            holder, kept, entry = self._toward_company(one, other, entry)
            for neighbour, keys in list(self._links.get(holder, {}).items()):
                if neighbour != kept and neighbour[0] == kept[0] and entry.key in keys:
                    self._store(holder, neighbour, keys - {entry.key})

    def _toward_company(self, one: Node, other: Node, entry: AssociationType) -> tuple[Node, Node, AssociationType]:
        return (other, one, self.types.inverse(entry)) if one[0] == "companies" else (one, other, entry)

    def _store(self, one: Node, other: Node, keys: set[Key]) -> None:
        self._put(one, other, keys)
        self._put(other, one, {(category, self._inverse_id(category, number)) for category, number in keys})

    def _inverse_id(self, category: str, number: int) -> int:
        entry = self.types.find(category, number)
        return entry.inverse if entry is not None else number

    def _put(self, one: Node, other: Node, keys: set[Key]) -> None:
        if keys:
            self._links.setdefault(one, {})[other] = keys
        else:
            self._links.get(one, {}).pop(other, None)

    def unlink(self, one: Node, other: Node) -> None:
        self._store(one, other, set())

    def remove_types(self, one: Node, other: Node, entries: list[AssociationType]) -> None:
        """Removes labels; removing the unlabelled type removes the link (hubspot.md 7.1, A)."""
        current = self._links.get(one, {}).get(other, set())
        default = self.types.default(one[0], other[0]).key
        gone = {entry.key for entry in entries}
        self._store(one, other, set() if default in gone else current - gone)

    def neighbours(self, node: Node, to_type: str | None = None) -> Iterator[tuple[Node, list[AssociationType]]]:
        """The linked records in the order of linking, with their types by id."""
        for other, keys in self._links.get(node, {}).items():
            if to_type is None or other[0] == to_type:
                entries = [self.types.find(*key) for key in keys]
                yield other, sorted(filter(None, entries), key=lambda entry: (entry.category, entry.id))

    def move(self, old: Node, new: Node) -> None:
        """A merge: the links of ``old`` become those of ``new``."""
        for other, keys in list(self._links.get(old, {}).items()):
            self._store(old, other, set())
            if other != new:
                self._store(new, other, self._links.get(new, {}).get(other, set()) | keys)
        self._links.pop(old, None)

    def cut(self, node: Node) -> None:
        for other in list(self._links.get(node, {})):
            self.unlink(node, other)
        self._links.pop(node, None)

    def count(self, from_type: str | None = None, to_type: str | None = None) -> int:
        """Linked pairs, each counted once."""
        pairs = {
            frozenset((one, other))
            for one, others in self._links.items()
            for other in others
            if (from_type is None or one[0] == from_type) and (to_type is None or other[0] == to_type)
        }
        return len(pairs)
