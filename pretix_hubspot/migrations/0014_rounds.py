"""Events are looked at when something happened, and now and then; one row knows how far the periodic rounds are."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pretix_hubspot", "0013_work_items")]

    operations = [
        migrations.CreateModel(
            name="Round",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("running_until", models.DateTimeField(null=True)),
                ("log_watermark", models.BigIntegerField(null=True)),
                ("invoice_watermark", models.BigIntegerField(default=0)),
                ("newest_invoice", models.BigIntegerField(default=0)),
                ("catalog_looked", models.DateTimeField(default=django.utils.timezone.now)),
                ("planner", models.PositiveSmallIntegerField(default=0)),
                ("cursor", models.BigIntegerField(default=0)),
                ("lap_began", models.DateTimeField(default=django.utils.timezone.now)),
                ("laps", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="eventconnection",
            name="sweep_due",
            field=models.DateTimeField(db_index=True, default=django.utils.timezone.now),
        ),
    ]
