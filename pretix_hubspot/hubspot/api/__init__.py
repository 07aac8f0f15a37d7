"""HubSpot's endpoints, one module per area."""
