"""``python -m pretix hubspot_check --event organizer/event``: *Check connection* for operators and monitors."""

import json
import sys

from django.core.management.base import BaseCommand
from django_scopes import scopes_disabled
from pretix.base.i18n import language
from pretix.base.models import Event

from pretix_hubspot.health.diagnosis import NotConnected, check_connection
from pretix_hubspot.health.diagnosis.findings import Status

#: Exit codes; 3 also stands for wrong usage.
CODES = {Status.SKIPPED: 0, Status.OK: 0, Status.WARN: 1, Status.FAIL: 2}
NOT_CONNECTED = 3


class Command(BaseCommand):
    help = (
        "Checks everything that an event needs for its orders to arrive in HubSpot. Writes nothing into HubSpot. "
        "Exit codes: 0 all is well, 1 warnings, 2 failures, 3 the event is not connected or does not exist."
    )

    def add_arguments(self, parser):
        parser.add_argument("--event", required=True, metavar="ORGANIZER/EVENT", help="short forms, as in the URL")
        parser.add_argument("--json", action="store_true", help="the result as one JSON object")

    def create_parser(self, *args, **kwargs):
        parser = super().create_parser(*args, **kwargs)
        parser.error = self._usage  # argparse's own exit code 2 would read as a failed check
        return parser

    def _usage(self, message):
        self.stderr.write(f"{message}\nusage: python -m pretix hubspot_check --event ORGANIZER/EVENT [--json]")
        sys.exit(NOT_CONNECTED)

    def handle(self, *args, **options):
        with scopes_disabled(), language("en"):
            sys.exit(self._check(*options["event"].partition("/")[::2], options["json"]))

    def _check(self, organizer, event, as_json):
        found = Event.objects.select_related("organizer").filter(organizer__slug=organizer, slug=event).first()
        if found is None:
            return self._refuse(f"There is no event {organizer}/{event}.", as_json)
        try:
            report = check_connection(found)
        except NotConnected:
            return self._refuse(f"The event {organizer}/{event} is not connected to HubSpot.", as_json)
        self.stdout.write(json.dumps(report.as_json(), indent=2) if as_json else report.as_text())
        return CODES[report.status]

    def _refuse(self, message, as_json):
        if as_json:
            self.stdout.write(json.dumps({"status": "not_connected", "error": message}))
        else:
            self.stderr.write(message)
        return NOT_CONNECTED
