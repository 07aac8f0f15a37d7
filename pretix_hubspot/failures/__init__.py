"""Failures between pretix and HubSpot: codes, their meaning, and sentences for users."""
