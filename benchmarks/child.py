"""``python -m benchmarks.child CONNECTION``: drains a queue in a fresh process, and tells what that took as JSON."""

import json
import sys
import time

from .place import set_up


def main() -> None:
    number = int(sys.argv[1])
    set_up()
    from django_scopes import scopes_disabled  # inline: Django was just set up

    from pretix_hubspot.models import Connection
    from pretix_hubspot.sync import worker

    from .measure import Memory

    with scopes_disabled():
        connection = Connection.objects.get(pk=number)
        memory, started = Memory(), time.monotonic()
        worker.work_through_queue(connection, seconds=3_600)
        seconds = time.monotonic() - started
    print(json.dumps({"growth_mb": memory.growth_mb, "seconds": seconds}))


main()
