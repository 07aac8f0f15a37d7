"""pretix' settings for the demo: as in production (debug off, static files collected), but alone on one machine.

Everything that differs between two demos comes from environment variables, see ``demo.place``.
"""

import os

for option, value in {
    "DJANGO_DEBUG": "False",
    "PRETIX_ALLOW_HTTP_TO_PRIVATE_NETWORKS": "True",  # the simulator answers on this machine, over plain HTTP
    "PRETIX_ECB_RATES": "False",  # a demo asks no bank for exchange rates
    "PRETIX_INSTANCE_NAME": "pretix with HubSpot (demo)",
    "PRETIX_LOGLEVEL": "WARNING",
    "PRETIX_PLUGINS_DEFAULT": "pretix.plugins.banktransfer,pretix.plugins.sendmail,pretix.plugins.statistics",
    "PRETIX_REGISTRATION": "False",
    "DJANGO_PASSWORDS_ARGON2": "False",  # slow on purpose, which a demo does not need
}.items():
    os.environ.setdefault(f"PRETIX_{option}", value)

from pretix.settings import *  # noqa: E402, F403  pretix reads its configuration while it is imported
from pretix.settings import DATA_DIR, DATABASES, LOGGING, STORAGES  # noqa: E402  the same, by name for those changed here

VITE_DEV_MODE = False  # no npm here: use the scripts that pretix ships

# The three settings without which several threads and SQLite end in "database is locked".
DATABASES["default"]["OPTIONS"] = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}

EMAIL_BACKEND = EMAIL_CUSTOM_SMTP_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = os.path.join(DATA_DIR, "mails")

# pretix' own static files come collected in its wheel; ours are served from the checkout.
STORAGES["staticfiles"]["BACKEND"] = "demo.statics.ShippedOrSource"

LOGGING["handlers"]["console"]["level"] = "ERROR"  # the file in logs/ has the rest


class NoMigrations:
    """Creates tables from the models: 0.4 seconds instead of 80, with the same result."""

    def __contains__(self, app):
        return True

    def __getitem__(self, app):
        return None

    def setdefault(self, app, default=None):
        return None


MIGRATION_MODULES = NoMigrations()
