"""Records are removed: the uses that wait for it are found by an index, and runs count them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pretix_hubspot", "0008_fill_the_memory_of_records")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="removed",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name="recorduse",
            index=models.Index(
                condition=models.Q(("state", "remove")), fields=["event", "subject_pk"], name="hubspot_use_remove"
            ),
        ),
    ]
