"""A plain view of the portal for people: lists, one record, the last requests.

Deep links have HubSpot's form (hubspot.md 13), so that links of an integration lead here when its web address is
the simulator's.
"""

from html import escape

from hubspot_simulator.backend import Backend
from hubspot_simulator.clock import iso
from hubspot_simulator.crm.objects.state import Record
from hubspot_simulator.crm.schemas.state import ObjectType
from hubspot_simulator.http.pages import page
from hubspot_simulator.http.request import HTML_TYPE, Raw, Reply
from hubspot_simulator.portal.shown import shown, value_shown
from hubspot_simulator.portal.state import Portal
from hubspot_simulator.problems import Problem

SHOWN = 200
BAD = ' class="bad"'
CURRENT = ' aria-current="page"'


def show(backend: Backend, raw: Raw) -> Reply:
    """The page of a path, or a 404 page."""
    parts = [part for part in raw.path.split("/") if part]
    if raw.path == "/favicon.ico":
        return Reply(204)
    try:
        if not parts:
            return _html("Overview", _overview(backend, backend.portal))
        portal = backend.portals[int(parts[1])]
        if len(parts) == 2:
            return _html("Overview", _overview(backend, portal))
        if len(parts) == 4 and parts[2] == "objects":
            return _html("Records", _list(portal, portal.object_type(parts[3])))
        type_name, number = parts[-2], parts[-1]
        return _record_page(portal, portal.object_type(type_name), number)
    except (Problem, KeyError, ValueError, IndexError):
        return _html("Not found", "<h1>Not found</h1><p>There is nothing at this address.</p>", 404)


def _html(title: str, body: str, status: int = 200) -> Reply:
    return Reply(status, text=page(f"{title} - HubSpot simulator", body), content_type=HTML_TYPE)


def _nav(portal: Portal, current: str = "") -> str:
    items = "".join(
        f'<li><a href="/contacts/{portal.id}/objects/{kind.type_id}"'
        f"{CURRENT if kind.name == current else ''}>"
        f"{escape(kind.plural_label)} ({len(portal.store(kind.name).live)})</a></li>"
        for kind in portal.types.all
    )
    return f'<nav aria-label="Object types"><ul>{items}</ul></nav>'


def _overview(backend: Backend, portal: Portal) -> str:
    filled = [kind for kind in portal.types.all if portal.store(kind.name).live]
    tables = "".join(_table(portal, kind, 20) for kind in filled) or "<p>There are no records yet.</p>"
    account = portal.account
    return (
        f"<h1>{escape(account.name)}</h1><p class='quiet'>Portal {portal.id}, {escape(account.region)}, "
        f"{escape(account.time_zone)}, {escape(account.tier)}</p>{_nav(portal)}{tables}{_requests(backend)}"
    )


def _list(portal: Portal, kind: ObjectType) -> str:
    return f"<h1>{escape(kind.plural_label)}</h1>{_nav(portal, kind.name)}{_table(portal, kind, SHOWN)}"


def _table(portal: Portal, kind: ObjectType, most: int) -> str:
    records = portal.records(kind.name)
    columns = [name for name in kind.display if portal.schema.find(kind.name, name)]
    heads = "".join(f'<th scope="col">{escape(_label(portal, kind, name))}</th>' for name in columns)
    rows = "".join(_row(portal, kind, record, columns) for record in reversed(records[-most:]))
    more = f", the newest {most} of them shown" if len(records) > most else ""
    return (
        f'<h2>{escape(kind.plural_label)}</h2><div class="scroll"><table>'
        f"<caption>Records: {len(records)}{more}</caption>"
        f'<thead><tr>{heads}<th scope="col">Linked</th><th scope="col">Changed</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(portal: Portal, kind: ObjectType, record: Record, columns: list[str]) -> str:
    cells = [escape(shown(portal, record, name)) for name in columns]
    first = f'<td><a href="{_path(portal, record)}">{cells[0] or escape(record.id)}</a></td>'
    rest = "".join(f"<td>{cell}</td>" for cell in cells[1:])
    linked = sum(1 for _ in portal.associations.neighbours((kind.name, record.id)))
    return f"<tr>{first}{rest}<td>{linked}</td><td>{_time(record.updated_at)}</td></tr>"


def _record_page(portal: Portal, kind: ObjectType, number: str) -> Reply:
    store = portal.store(kind.name)
    record = store.resolve(number) or store.archived.get(number)
    if record is None:
        raise KeyError(number)
    state = ' <span class="bad">archived</span>' if record.archived_at is not None else ""
    body = (
        f"<h1>{escape(_name(kind, record))}</h1><p class='quiet'>{escape(kind.label)} {escape(record.id)}{state}</p>"
        f"{_nav(portal, kind.name)}{_links(portal, record)}{_values(portal, kind, record)}"
        f"{_history(portal, kind, record)}"
    )
    return _html(_name(kind, record), body)


def _values(portal: Portal, kind: ObjectType, record: Record) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(_label(portal, kind, name))}<br><small class="quiet">{escape(name)}</small>'
        f"</th><td>{_value(portal, record, name, value)}</td></tr>"
        for name, value in sorted(record.properties.items())
    )
    return f'<h2>Properties</h2><div class="scroll"><table><tbody>{rows}</tbody></table></div>'


def _links(portal: Portal, record: Record) -> str:
    rows = []
    for (type_name, other_id), entries in portal.associations.neighbours((record.type_name, record.id)):
        other = portal.store(type_name).live.get(other_id)
        if other is not None:
            kind = portal.object_type(type_name)
            labels = ", ".join(escape(entry.label) for entry in entries if entry.label)
            rows.append(
                f'<tr><td>{escape(kind.label)}</td><td><a href="{_path(portal, other)}">'
                f"{escape(_name(kind, other))}</a></td><td>{labels}</td></tr>"
            )
    if not rows:
        return "<h2>Associations</h2><p>None.</p>"
    return (
        '<h2>Associations</h2><div class="scroll"><table><thead><tr><th scope="col">Type</th>'
        f'<th scope="col">Record</th><th scope="col">Labels</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _history(portal: Portal, kind: ObjectType, record: Record) -> str:
    changes = [(change, name) for name, listed in record.history.items() for change in listed]
    changes.sort(key=lambda pair: pair[0].at, reverse=True)
    rows = "".join(
        f"<tr><td>{_time(change.at)}</td><td>{escape(_label(portal, kind, name))}</td>"
        f"<td>{escape(value_shown(portal, record, name, change.value)) or '(cleared)'}</td>"
        f"<td>{escape(change.author.source_label or change.author.source_type)}</td></tr>"
        for change, name in changes[:SHOWN]
    )
    return (
        '<h2>History</h2><div class="scroll"><table><thead><tr><th scope="col">When</th><th scope="col">Property</th>'
        f'<th scope="col">Value</th><th scope="col">Set by</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _requests(backend: Backend) -> str:
    rows = "".join(
        f"<tr><td>{_time(entry.at)}</td><td>{escape(entry.method)}</td><td>{escape(entry.path)}</td>"
        f"<td>{escape(entry.stage)}</td><td>{entry.inputs or ''}</td>"
        f"<td{'' if 0 < entry.status < 400 else BAD}>{entry.status or 'broken'}</td></tr>"
        for entry in list(backend.requests)[:-31:-1]
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("When", "Method", "Path", "Stage", "Inputs", "Status"))
    return (
        f'<h2>Last requests</h2><div class="scroll"><table><caption>Requests so far: {backend.requests.total}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _path(portal: Portal, record: Record) -> str:
    kind = portal.object_type(record.type_name)
    return f"/contacts/{portal.id}/record/{kind.type_id}/{record.id}"


def _name(kind: ObjectType, record: Record) -> str:
    if kind.name == "contacts":
        full = f"{record.get('firstname')} {record.get('lastname')}".strip()
        return full or record.get("email") or record.id
    return record.get(kind.display[0]) or record.id


def _label(portal: Portal, kind: ObjectType, name: str) -> str:
    definition = portal.schema.find(kind.name, name)
    return definition.label if definition is not None else name


def _value(portal: Portal, record: Record, name: str, value: str) -> str:
    """A value as people read it, and what is stored where that is something else."""
    seen = shown(portal, record, name)
    stored = f'<br><small class="quiet">{escape(value)}</small>' if seen != value else ""
    return f"{escape(seen)}{stored}"


def _time(timestamp: float) -> str:
    text = iso(timestamp)
    return f'<time datetime="{text}">{text[:19].replace("T", " ")}</time>'
