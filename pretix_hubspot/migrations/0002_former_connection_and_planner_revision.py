import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pretix_hubspot", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormerConnection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("left_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("joined", models.JSONField(default=dict)),
                ("waiting", models.JSONField(default=list)),
                ("by_hand", models.JSONField(default=list)),
            ],
        ),
        migrations.AddField(
            model_name="eventconnection",
            name="planner",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="orderstate",
            name="outdated_by",
            field=models.CharField(default="", max_length=20),
        ),
        migrations.AddField(
            model_name="orderstate",
            name="planner",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name="orderstate",
            index=models.Index(
                condition=models.Q(("outdated_by", ""), _negated=True), fields=["outdated_by"], name="hubspot_outdated"
            ),
        ),
        migrations.AddField(
            model_name="formerconnection",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="pretix_hubspot.connection"
            ),
        ),
        migrations.AddField(
            model_name="formerconnection",
            name="event",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="hubspot_former_connection",
                to="pretixbase.event",
            ),
        ),
    ]
