"""A thin client for HubSpot's dated API, without Django, pretix or other rooms of the plugin."""
