"""How a value is written for HubSpot and merged with what is there. Pure."""
