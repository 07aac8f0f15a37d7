"""Django system checks of the server's configuration."""

from django.core.checks import Error, Tags, register

from pretix_hubspot.server.config import file_errors

#: For operators, not translated: checks run before any user has a language.
HINT = "Until this is repaired nothing is sent to HubSpot: orders wait, and go on by themselves afterwards."


@register(Tags.security)
def check_server_config(app_configs, **kwargs):
    """Refuse mistakes in ``[hubspot]``, such as addresses to which tokens must not be sent; needs no database."""
    return [Error(message, hint=HINT, id="pretix_hubspot.E001") for message in file_errors()]
