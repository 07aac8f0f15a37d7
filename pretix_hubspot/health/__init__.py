"""The state of an event's transfers: numbers, causes of failures, and the actions of users."""
