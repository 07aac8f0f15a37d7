"""What HubSpot is to hold for a slice of orders, without asking or writing anything. Pure."""
