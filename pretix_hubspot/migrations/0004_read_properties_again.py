"""Stored properties do not say yet how HubSpot shows a number: the next periodic task reads them again."""

from datetime import UTC, datetime

from django.db import migrations

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def read_again(apps, schema_editor):
    """A stored copy that is old is renewed; until then it is used as it is."""
    apps.get_model("pretix_hubspot", "CatalogEntry").objects.filter(kind="properties").update(fetched_at=LONG_AGO)
    apps.get_model("pretix_hubspot", "Connection").objects.update(catalog_refreshed_at=None)


class Migration(migrations.Migration):
    dependencies = [("pretix_hubspot", "0003_mapping_made_for_portal")]

    operations = [migrations.RunPython(read_again, migrations.RunPython.noop)]
