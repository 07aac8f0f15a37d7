"""These tests need no Django, but run in one process with it."""

import sys

import pytest


@pytest.fixture
def loopback(monkeypatch):
    """Lets this process talk to 127.0.0.1 although pretix, if it is loaded, blocks private addresses."""
    if "django.conf" in sys.modules:
        from django.conf import settings  # inline: only where somebody else brought it

        if settings.configured:
            monkeypatch.setattr(settings, "ALLOW_HTTP_TO_PRIVATE_NETWORKS", True, raising=False)
