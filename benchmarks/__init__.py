"""How fast the plugin is, measured beside pretix core's own loop, on PostgreSQL, against a simulated HubSpot.

``python -m benchmarks`` runs everything; ``docs/performance.md`` tells how to read what it prints.
"""
