"""Serves static files without collecting them first: pretix' from its wheel, the plugin's from the checkout."""

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from whitenoise import WhiteNoise

PLUGIN_STATIC = Path(__file__).resolve().parent.parent / "pretix_hubspot" / "static"


class ShippedOrSource(ManifestStaticFilesStorage):
    """Fingerprinted names for what pretix ships, plain names for what is not in its manifest: the plugin's files."""

    manifest_strict = False

    def stored_name(self, name):
        known = self.hashed_files.get(self.hash_key(self.clean_name(name)))
        return known or name


def serve_static(application):
    """Wraps a WSGI application so that it answers for static files as well."""
    served = WhiteNoise(application, root=settings.STATIC_ROOT, prefix="static/")
    served.add_files(str(PLUGIN_STATIC), prefix="static/")
    return served
