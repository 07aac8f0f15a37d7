"""The organizer, its team, and the one person who logs in."""

from pretix.base.models import Organizer, Team, User
from pretix.base.settings import GlobalSettingsObject

from demo.names import LOGIN, ORGANIZER, PASSWORD

PLUGINS = ("pretix.plugins.banktransfer", "pretix_hubspot")


def build():
    server = GlobalSettingsObject().settings
    server.update_check_perform = False  # a demo calls nobody
    server.update_check_ack = True
    organizer = Organizer.objects.create(name="Tutorial Events", slug=ORGANIZER)
    activate(organizer)
    organizer.settings.locales = ["en", "de"]
    team = Team.objects.create(
        organizer=organizer,
        name="Organisers",
        all_events=True,
        all_event_permissions=True,
        all_organizer_permissions=True,
    )
    # Not staff: staff see banners about updates and licences that belong to a server's operator.
    user = User.objects.create_user(LOGIN, PASSWORD, fullname="Dana Demo", locale="en", timezone="Europe/Berlin")
    user.needs_password_change = False
    user.save()
    team.members.add(user)
    return organizer


def activate(place):
    """Activates the plugins of the demo for an organizer or an event."""
    for plugin in PLUGINS:
        place.enable_plugin(plugin)
    place.save()


def open_for_business(event):
    """What every shop of the demo has in common: languages, payment by bank transfer, live."""
    activate(event)
    settings = event.settings
    settings.timezone = "Europe/Berlin"
    settings.locales = ["en", "de"]
    settings.locale = "en"
    settings.name_scheme = "given_family"
    settings.contact_mail = "hello@example.org"
    settings.imprint_url = "https://example.org/imprint"
    settings.payment_banktransfer__enabled = True
    settings.payment_banktransfer_bank_details_type = "sepa"
    settings.payment_banktransfer_bank_details_sepa_name = "Tutorial Events"
    settings.payment_banktransfer_bank_details_sepa_iban = "DE02120300000000202051"
    settings.payment_banktransfer_bank_details_sepa_bic = "BYLADEM1001"
    settings.payment_banktransfer_bank_details_sepa_bank = "Demo Bank"
    settings.ticket_download = False
    settings.invoice_generate = "False"
    event.live = True
    event.save()
