"""The plugin's entry in pretix' list of plugins."""

import logging
from importlib import import_module

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from pretix.base.plugins import PLUGIN_LEVEL_EVENT_ORGANIZER_HYBRID, PluginConfig

from pretix_hubspot import __version__

logger = logging.getLogger(__name__)

RECEIVERS = (
    "checks",
    "control.log_entries",
    "health.exporter",
    "health.notifications",
    "signals",
    "tasks",
)


class PluginApp(PluginConfig):
    name = "pretix_hubspot"
    verbose_name = "HubSpot"
    default_auto_field = "django.db.models.BigAutoField"
    default = True

    class PretixPluginMeta:
        name = "HubSpot"
        author = "the pretix-hubspot authors"
        description = _("Automatically transfer order and attendee data to your HubSpot CRM.")
        category = "INTEGRATION"
        featured = False
        visible = True
        version = __version__
        compatibility = "pretix>=2026.3.0"
        level = PLUGIN_LEVEL_EVENT_ORGANIZER_HYBRID
        settings_links = [((_("Settings"), "HubSpot"), "plugins:pretix_hubspot:settings", {})]

    def ready(self):
        # Registered by being imported, once all models are loaded.
        for name in RECEIVERS:
            import_module(f"{__package__}.{name}")
        self.log_misconfiguration()

    @staticmethod
    def log_misconfiguration():
        """Log the mistakes in the configuration at the start of every process: web servers and workers do not run
        checks.
        """
        from pretix_hubspot.server.config import file_errors  # inline: settings are only complete after start-up

        for error in file_errors():
            logger.error("Nothing is sent to HubSpot: %s", error)

    @cached_property
    def compatibility_warnings(self):
        from pretix_hubspot.server.config import server_config  # inline: settings are only complete after start-up

        return server_config().warnings
