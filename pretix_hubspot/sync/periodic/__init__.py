"""The periodic round: what happened since the last one, the events that are due, and a part of all orders."""
