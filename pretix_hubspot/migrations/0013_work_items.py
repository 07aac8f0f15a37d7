"""The schedule: an index of what waits, in the order of choosing. The first periodic round fills it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pretix_hubspot", "0012_counted_orders"),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=16)),
                ("subject", models.BigIntegerField()),
                ("priority", models.PositiveSmallIntegerField()),
                ("turn", models.BigIntegerField(null=True)),
                ("not_before", models.DateTimeField()),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="work_items",
                        to="pretix_hubspot.connection",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="pretixbase.event",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("turn__isnull", False)),
                        fields=["connection", "priority", "turn", "id"],
                        name="hubspot_item_next",
                    ),
                    models.Index(fields=["event", "priority", "turn"], name="hubspot_item_event"),
                    models.Index(
                        condition=models.Q(("turn__isnull", True)),
                        fields=["connection", "not_before"],
                        name="hubspot_item_later",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("kind", "subject"), name="hubspot_item")],
            },
        ),
    ]
