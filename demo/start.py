"""Starts pretix in this process: configuration, tables, seed."""

import os
import sys


def pretix(place):
    """Sets Django up for ``place`` and fills it if it is new; says whether it was."""
    place.configure()
    sys.argv[1:] = []  # pretix looks for "runserver" among the arguments
    import django  # inline: reads the configuration that was just written

    django.setup()
    from demo.seed import ensure_seed
    from demo.tables import ensure_tables

    ensure_tables()
    os.makedirs(os.path.join(place.data, "mails"), exist_ok=True)
    return ensure_seed()
