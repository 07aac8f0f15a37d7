"""One row per HubSpot record that we know, and one for each use of it."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pretix_hubspot", "0006_changes_without_entry")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="hash_key",
            field=models.TextField(default=""),
        ),
        migrations.CreateModel(
            name="KnownRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("portal_id", models.BigIntegerField()),
                ("object_type", models.CharField(max_length=128)),
                ("key", models.CharField(max_length=64)),
                ("record_id", models.CharField(max_length=64)),
                ("source_kind", models.CharField(max_length=20)),
                ("source_pk", models.BigIntegerField(null=True)),
                ("sent_hash", models.CharField(max_length=64)),
                ("url", models.CharField(max_length=255)),
                ("version", models.PositiveIntegerField(default=0)),
                ("lease", models.CharField(max_length=32)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("source_kind", ""), _negated=True),
                        fields=["portal_id", "object_type", "source_kind", "source_pk"],
                        name="hubspot_record_source",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("portal_id", "object_type", "key"), name="hubspot_record_key"),
                    models.UniqueConstraint(
                        condition=models.Q(("record_id", ""), _negated=True),
                        fields=("portal_id", "object_type", "record_id"),
                        name="hubspot_record_id",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RecordAlias",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("portal_id", models.BigIntegerField()),
                ("object_type", models.CharField(max_length=128)),
                ("key", models.CharField(max_length=64)),
                (
                    "record",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="aliases",
                        to="pretix_hubspot.knownrecord",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("portal_id", "object_type", "key"), name="hubspot_record_alias")
                ],
            },
        ),
        migrations.CreateModel(
            name="RecordUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("subject_kind", models.CharField(max_length=12)),
                ("subject_pk", models.BigIntegerField()),
                ("mapping_id", models.BigIntegerField()),
                ("part", models.BigIntegerField(default=0)),
                ("state", models.CharField(default="wanted", max_length=8)),
                ("record_number", models.CharField(max_length=64)),
                ("associated", models.JSONField(default=list)),
                ("revision", models.PositiveIntegerField(default=0)),
                ("contributed", models.CharField(max_length=64)),
                ("label", models.CharField(max_length=64)),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="pretixbase.event"
                    ),
                ),
                (
                    "record",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uses",
                        to="pretix_hubspot.knownrecord",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["record", "subject_pk", "part"], name="hubspot_use_of_record")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("subject_pk", "subject_kind", "mapping_id", "part", "record"), name="hubspot_use"
                    )
                ],
            },
        ),
    ]
