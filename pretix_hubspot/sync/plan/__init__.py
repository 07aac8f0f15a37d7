"""What HubSpot should hold for a slice of orders, without requests. Pure."""
