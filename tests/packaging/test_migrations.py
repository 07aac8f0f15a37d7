"""The plugin's migrations run on the oldest pretix that we support, not only on the one they were written with."""

import re
from importlib import import_module
from pathlib import Path

MIGRATIONS = Path(__file__).resolve().parents[2] / "pretix_hubspot" / "migrations"
LAST_OF_OLDEST_PRETIX = 298  # pretix 2026.3 ends with 0298_pluggable_permissions


def ours():
    for path in sorted(MIGRATIONS.glob("[0-9]*.py")):
        yield path.stem, import_module(f"pretix_hubspot.migrations.{path.stem}").Migration


def test_they_depend_on_nothing_newer_than_the_oldest_pretix():
    wanted = [(name, node) for _, migration in ours() for name, node in (tuple(d) for d in migration.dependencies)]
    numbers = {
        node: int(re.match(r"\d+", node)[0]) for name, node in wanted if name == "pretixbase" and node[0].isdigit()
    }
    assert {node for node, number in numbers.items() if number > LAST_OF_OLDEST_PRETIX} == set()


def test_there_are_migrations_for_every_table():
    from pretix_hubspot import models  # inline: Django must be set up first

    created = {op.name for _, migration in ours() for op in migration.operations if type(op).__name__ == "CreateModel"}
    tables = {name for name, value in vars(models).items() if hasattr(value, "_meta")}
    assert tables == created
