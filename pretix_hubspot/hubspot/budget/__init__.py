"""HubSpot's request limits, shared by all workers."""
