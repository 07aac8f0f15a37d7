"""What goes wrong between pretix and HubSpot: codes, what each means, and sentences for people."""
