"""A thin client for HubSpot's dated API: no Django, no pretix, nothing of `pretix_hubspot.sync`."""
