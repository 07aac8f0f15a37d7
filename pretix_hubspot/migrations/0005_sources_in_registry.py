"""Which pretix object types mappings can take is known to the registry of sources, not to the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pretix_hubspot", "0004_read_properties_again")]

    operations = [
        migrations.AlterField(model_name="objectmapping", name="pretix_model", field=models.CharField(max_length=20)),
    ]
