"""One HubSpot account: all that it stores, as tests and as people read it."""
