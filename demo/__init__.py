"""A pretix with a story and a simulated HubSpot, on this machine, with one command: `make demo`.

Not shipped with the plugin.
One process does everything, since every start of Django costs seconds:
tables, seed, simulator, periodic task, web server.
"""
