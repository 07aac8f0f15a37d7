"""HubSpot's HTTP, in front of a state that knows none: routes, wire shapes, envelopes."""
