"""How values are written for HubSpot and merged with the values that it holds. Pure."""
