"""The numbers of events with many orders are stored, since counting them takes longer than a page may."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pretix_hubspot", "0011_known_to_be_up_to_date")]

    operations = [
        migrations.CreateModel(
            name="CountedOrders",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("counts", models.JSONField(default=list)),
                ("details", models.JSONField(default=dict)),
                ("basis", models.CharField(blank=True, default="", max_length=64)),
                ("counted_at", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField(null=True)),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(null=True)),
                (
                    "connection",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="pretix_hubspot.connection",
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="pretixbase.event",
                    ),
                ),
            ],
        ),
    ]
