"""Copy what the version before stored about records into the memory of records.

Record links become known records, core's result rows become uses, and the keys in result rows, from which addresses
could be guessed, are removed. The old tables stay as they are.

It goes in batches, each a transaction of its own, and may be interrupted: the next run skips what is there. A link that
is newer than its record was written by the version before after a step back, so it counts.
"""

import logging
import re
import secrets
from functools import partial

from django.db import migrations, transaction
from django.db.models import Func, JSONField

from pretix_hubspot.hubspot.secret import Secret, reveals
from pretix_hubspot.server import crypto
from pretix_hubspot.server.bulk_rows import store_rows
from pretix_hubspot.server.chunks import chunks
from pretix_hubspot.values.fingerprint import keyed

logger = logging.getLogger(__name__)

#: Links, or orders, of one transaction.
BATCH = 1_000
#: Names that are looked up together.
TOGETHER = 5_000
#: After how many of them a line is logged.
REPORT = 50_000
PROVIDER = "hubspot"
EXCLUDED = "excluded"
#: The key of a record that stands for one object of ours: property, link name of the source, primary key.
OWN_KEY = re.compile(r"[^@=]+@([^:]+):(\d+)")
FREE = {"version": 0, "lease": "", "leased_until": None}
_LINK = ("pk", "portal_id", "object_type", "key", "record_id", "sent_hash", "url", "updated_at")
_RESULT = ("pk", "order_id", "mapping_id", "external_object_type", "sync_info", "order_position_id")
_ORDER = ("order__event_id", "order__code", "order_position__positionid")
_NAME = ("portal_id", "object_type", "key")
_PLACE = ("portal_id", "object_type", "record_id")
_USE = ("subject_pk", "subject_kind", "mapping_id", "part", "record")


def copy(apps, schema_editor):
    model = partial(apps.get_model, "pretix_hubspot")
    hashers = Hashers(model("Connection"))
    Records(model, hashers).copy()
    Uses(model, apps.get_model("pretixbase", "OrderSyncResult"), hashers).copy()


class Hashers(dict):
    """By portal, the function that makes its keyed hashes; None for a portal without any connection."""

    def __init__(self, connections):
        super().__init__()
        self._connections = connections

    def __missing__(self, portal_id):
        with transaction.atomic():
            self[portal_id] = self._made(portal_id)
        return self[portal_id]

    @reveals
    def _made(self, portal_id):
        """The key that one of the portal's connections has, or a new one, is stored with all of them."""
        rows = list(self._connections.objects.filter(portal_id=portal_id).order_by("pk").select_for_update())
        stored = [_decrypted(row.hash_key) for row in rows]
        key = next(filter(None, stored), None) or Secret(secrets.token_bytes(32).hex())
        for row, own in zip(rows, stored, strict=True):
            if own != key:
                self._connections.objects.filter(pk=row.pk).update(hash_key=crypto.encrypt(key))
        return (lambda text: keyed(bytes.fromhex(key.reveal()), text)) if rows else None


@reveals
def _decrypted(text):
    try:
        return crypto.decrypt(text)
    except crypto.KeyLost:
        return Secret()


class Records:
    """Record links to known records; further links to the same record are its aliases."""

    def __init__(self, model, hashers):
        self._links, self._records, self._aliases = model("RecordLink"), model("KnownRecord"), model("RecordAlias")
        self._hashers = hashers

    def copy(self):
        links, last, done = self._links.objects.order_by("pk"), 0, 0
        while batch := list(links.filter(pk__gt=last).values_list(*_LINK)[:BATCH]):
            last, done = batch[-1][0], done + len(batch)
            with transaction.atomic():
                self._copy(batch)
            _report("record links", done, len(batch))

    def _copy(self, batch):
        links = []
        for _, portal_id, object_type, key, record_id, sent_hash, url, moment in batch:
            hashed = self._hashers[portal_id]
            if hashed and record_id:
                kind, pk = own.groups() if (own := OWN_KEY.fullmatch(key)) else ("", None)
                row = {"portal_id": portal_id, "object_type": object_type, "key": hashed(key), "record_id": record_id}
                row |= {"source_kind": kind, "source_pk": pk and int(pk), "sent_hash": sent_hash and hashed(sent_hash)}
                links.append({**row, **FREE, "url": url, "updated_at": moment})
        self._store(links)

    def _store(self, links):
        names, places = ({tuple(link[column] for column in columns) for link in links} for columns in (_NAME, _PLACE))
        written = _found(self._records, _NAME, names, "updated_at")
        holders = {place: (*place[:2], key) for place, key in _found(self._records, _PLACE, places, "key").items()}
        aliases = _found(self._aliases, _NAME, names, "pk")
        rows, further = [], {}
        for link in links:
            name, place = (tuple(link[column] for column in columns) for columns in (_NAME, _PLACE))
            if name in aliases:
                continue
            if holders.setdefault(place, name) == name:
                if name not in written or written[name] < link["updated_at"]:
                    rows.append(link)
            elif name not in written:
                further[name] = holders[place]
        store_rows(self._records, rows, unique=_NAME, update=["record_id", "sent_hash", "url", "updated_at"])
        records = _found(self._records, _NAME, set(further.values()), "pk")
        rows = [dict(zip(_NAME, name, strict=True), record_id=records[record]) for name, record in further.items()]
        store_rows(self._aliases, rows)


class Uses:
    """Result rows to uses of records, with the associations that were made for the order."""

    def __init__(self, model, results, hashers):
        self._states, self._records, self._aliases = model("OrderState"), model("KnownRecord"), model("RecordAlias")
        self._uses, self._results, self._hashers = model("RecordUse"), results, hashers

    def copy(self):
        results = self._results.objects.filter(sync_provider=PROVIDER).exclude(external_object_type=EXCLUDED)
        orders, last, done = results.order_by("order_id").values_list("order_id", flat=True).distinct(), 0, 0
        while batch := list(orders.filter(order_id__gt=last)[:BATCH]):
            last, done = batch[-1], done + len(batch)
            with transaction.atomic():
                self._copy(results.filter(order_id__in=batch), batch)
            _report("orders", done, len(batch))

    def _copy(self, results, orders):
        rows = [Result(*row) for row in results.order_by("order_id", "pk").values_list(*_RESULT, *_ORDER)]
        states = self._states.objects.filter(order_id__in=orders).values_list("order_id", "portal_id", "associated")
        associated = {order: _by_source(texts) for order, _, texts in states}
        known = self._known(rows, {order: portal_id for order, portal_id, _ in states})
        uses = {}
        for row in rows:
            if record := known.get(row.pk):
                uses[row.order, row.mapping, row.part, record] = row.use(record)
        for use in uses.values():  # each association belongs to the first use of its source
            made, place = associated[use["subject_pk"]], (use.pop("object_type"), use["record_number"])
            use["associated"] = made.pop(place, [])
        update = ["state", "record_number", "associated", "label"]
        store_rows(self._uses, uses.values(), unique=_USE, update=update)
        for guessable in chunks([row.pk for row in rows if "key" in row.info], TOGETHER):
            self._results.objects.filter(pk__in=guessable).update(sync_info=WithoutKey("sync_info"))

    def _known(self, rows, portals):
        """The known records of these result rows, by their keys; of older rows, which have none, by the record's id.

        A row without a key may be of an order that was copied, or that the new version sent: it has its uses.
        """
        rows = [row for row in rows if self._hashers[portals.get(row.order)]]
        names = {row.pk: row.name(portals[row.order], self._hashers) for row in rows if "key" in row.info}
        known = _found(self._records, _NAME, set(names.values()), "pk")
        known |= _found(self._aliases, _NAME, set(names.values()) - known.keys(), "record_id")
        older = [row for row in rows if "key" not in row.info]
        uses = self._uses.objects.filter(subject_kind="Order", subject_pk__in={row.order for row in older})
        copied = set(uses.values_list("subject_pk", flat=True)) if older else set()
        places = {r.pk: (portals[r.order], r.object_type, r.record) for r in older if r.order not in copied}
        known |= _found(self._records, _PLACE, set(places.values()), "pk")
        return {pk: known[name] for pk, name in {**names, **places}.items() if name in known}


class Result:
    """A result row of core's, as far as it tells of a use."""

    def __init__(self, pk, order, mapping, object_type, info, position, event, code, number):
        self.pk, self.order, self.mapping, self.object_type = pk, order, mapping, object_type
        self.info = info if isinstance(info, dict) else {}
        self.part = position or self.info.get("part") or 0
        self.record = self.info.get("record") or ""
        self.event, self.label = event, f"{code}-{number}" if number else code

    def name(self, portal_id, hashers):
        return (portal_id, self.object_type, hashers[portal_id](self.info["key"]))

    def use(self, record):
        """The columns of the use, with the object type."""
        return {
            "object_type": self.object_type,
            "record_id": record,
            "event_id": self.event,
            "subject_kind": "Order",
            "subject_pk": self.order,
            "mapping_id": self.mapping,
            "part": self.part,
            "state": "sent",
            "record_number": self.record,
            "revision": 0,
            "contributed": "",
            "label": self.label,
        }


class WithoutKey(Func):
    """A JSON object without its ``key``."""

    output_field = JSONField()
    template = "JSON_REMOVE(%(expressions)s, '$.key')"

    def as_postgresql(self, compiler, connection, **context):
        return self.as_sql(compiler, connection, template="%(expressions)s - 'key'", **context)


def _found(model, columns, names, value):
    """The values of the rows with these names, each of as many columns."""
    found = {}
    for part in chunks(names, TOGETHER):
        wanted = {f"{column}__in": {name[index] for name in part} for index, column in enumerate(columns)}
        found |= {tuple(name): pk for *name, pk in model.objects.filter(**wanted).values_list(*columns, value)}
    return {name: found[name] for name in names & found.keys()}


def _by_source(texts):
    """Associations such as ``deals:7>contacts:3#12`` by their source, as uses hold them."""
    made = {}
    for text in sorted(texts):
        ends, _, label = text.partition("#")
        source, target = (tuple(end.rpartition(":")[::2]) for end in ends.split(">"))
        made.setdefault(source, []).append([*target, int(label or 0)])
    return made


def _report(what, done, new):
    if done // REPORT > (done - new) // REPORT:
        logger.info("Copied %s into the memory of records: %d", what, done)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("pretix_hubspot", "0007_records_get_a_home")]

    operations = [migrations.RunPython(copy, migrations.RunPython.noop)]
