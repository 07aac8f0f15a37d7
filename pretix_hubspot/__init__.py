"""Keeps HubSpot in step with the orders of a pretix event."""

__version__ = "1.0.0"
