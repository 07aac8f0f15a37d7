"""Django system checks of the server's configuration."""

from django.core.checks import Error, Tags, register

from .config import file_errors


@register(Tags.security)
def check_server_config(app_configs, **kwargs):
    """Refuses addresses to which tokens must not be sent. Only ``pretix.cfg`` is read: checks need no database."""
    return [Error(message, id="pretix_hubspot.E001") for message in file_errors()]
