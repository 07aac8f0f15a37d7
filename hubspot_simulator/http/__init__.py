"""HubSpot's HTTP in front of a backend that knows none: bytes, requests, routing, envelopes, faults."""
