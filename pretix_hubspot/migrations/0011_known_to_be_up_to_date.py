"""An event remembers that no order is older than its mappings, so that pages need not look at all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pretix_hubspot", "0010_campaigns")]

    operations = [
        migrations.AddField(
            model_name="eventconnection",
            name="none_before",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
