"""Creates the demo's tables, and tells when the demo's database no longer fits the models."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

STAMP = "tables"


class TablesChanged(Exception):
    """The models have changed since this demo's tables were created."""


def ensure_tables():
    """Creates the tables once. Without migrations nothing changes them later, so a change is an error with a name."""
    stamp = Path(settings.DATA_DIR) / STAMP
    wanted = fingerprint()
    if not stamp.exists():
        call_command("migrate", run_syncdb=True, verbosity=0)
        stamp.write_text(wanted)
    elif stamp.read_text() != wanted:
        raise TablesChanged


def fingerprint():
    """A hash over every table and column that the models ask for."""
    from django.apps import apps  # inline: the registry is empty until Django is set up

    told = []
    for model in apps.get_models(include_auto_created=True):
        columns = sorted(f"{field.column}:{field.db_type(connection)}" for field in model._meta.local_concrete_fields)
        told.append(f"{model._meta.db_table}({','.join(columns)})")
    return hashlib.sha256("\n".join(sorted(told)).encode()).hexdigest()
