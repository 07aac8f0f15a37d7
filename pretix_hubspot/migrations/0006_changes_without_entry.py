"""The sweep remembers what it knows of events, dates, products and customers, and events choose what follows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pretix_hubspot", "0005_sources_in_registry")]

    operations = [
        migrations.AddField(
            model_name="eventconnection",
            name="source_changes",
            field=models.CharField(blank=True, default="", max_length=10),
        ),
        migrations.AddField(
            model_name="eventconnection",
            name="things_watermark",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="eventconnection",
            name="things",
            field=models.JSONField(default=dict),
        ),
        migrations.AddIndex(
            model_name="orderstate",
            index=models.Index(
                condition=models.Q(("sent_hash", ""), _negated=True), fields=["sent_at"], name="hubspot_sent"
            ),
        ),
    ]
