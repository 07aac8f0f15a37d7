"""Copied and imported mappings remember for which portal they were made; those of before are of their event's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pretix_hubspot", "0002_former_connection_and_planner_revision")]

    operations = [
        migrations.AddField(
            model_name="objectmapping",
            name="made_for_portal",
            field=models.BigIntegerField(blank=True, null=True),
        ),
    ]
