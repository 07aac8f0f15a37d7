"""Calls the periodic task, as cron does in production: core's data transfer and the plugin's own receivers."""

import logging
import threading

logger = logging.getLogger(__name__)

# The rest of pretix' periodic work (reminders, clean-up, statistics) is of no use in a demo.
WANTED = ("pretix.base.services.datasync.", "pretix_hubspot.")


def tick():
    """One period."""
    from django.db import close_old_connections  # inline: Django must be set up first
    from pretix.base.signals import periodic_task

    close_old_connections()
    try:
        for receiver in periodic_task._live_receivers(tick)[0]:  # as core's runperiodic does
            if f"{receiver.__module__}.".startswith(WANTED):
                receiver(signal=periodic_task, sender=tick)
    finally:
        close_old_connections()


class Ticker:
    """Ticks every few seconds in a thread of its own until the block ends."""

    def __init__(self, seconds=5, afterwards=lambda: None):
        self.seconds = seconds
        self.afterwards = afterwards
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, name="periodic task", daemon=True)

    def run(self):
        while not self.over.wait(self.seconds):
            try:
                tick()
                self.afterwards()
            except Exception:
                logger.exception("the periodic task failed; it is called again")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc_info):
        self.over.set()
        self.thread.join(timeout=10)
