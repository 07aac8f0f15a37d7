"""Dated versions of HubSpot's API; no other module names them.

A dated version is current for six months and served for eighteen (hubspot.md 1.1, A).
Every path of the client is built from one of them, so that moving on is one setting.
"""

#: Versions that the client speaks.
#: "2026-09" adds portal-specific write validation and value normalisation (hubspot.md 1.3, A).
SUPPORTED: tuple[str, ...] = ("2026-03", "2026-09")

#: The version used unless the server's configuration names another.
DEFAULT = "2026-03"

#: Host for every region; portals in the EU answer here as well (hubspot.md 13, C).
DEFAULT_API_URL = "https://api.hubapi.com"

#: Where users log in and grant access; HubSpot forwards to the region's own host (hubspot.md 2.2, A/U).
DEFAULT_APP_URL = "https://app.hubspot.com"


def checked(version: str) -> str:
    """Return `version` if the client speaks it, otherwise raise ValueError."""
    if version not in SUPPORTED:
        raise ValueError(f"HubSpot API version {version!r} is none of {', '.join(SUPPORTED)}")
    return version
