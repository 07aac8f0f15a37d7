"""What nobody knows for sure about HubSpot, and what differs from portal to portal.

Each switch has the default that costs a careless client the most without contradicting a source.
The marks (A, B, C, U) are those of hubspot.md.
"""

from dataclasses import dataclass, fields


@dataclass
class Switches:
    """The named uncertainties and portal settings; see the README's table for what each value does."""

    email_upsert_mode: str = "lenient"
    """Upsert of contacts by e-mail: lenient | reject_partial | all_or_nothing (5.4, U)."""
    batch_update_by_email: str = "refuse"
    """``idProperty: email`` in batch update of contacts: refuse | accept (5.4, A/C)."""
    own_secondary_as_email: str = "swap"
    """Writing a contact's own secondary address into ``email``: swap | keep (5.5, U)."""
    secondary_email_upsert: str = "owner"
    """Upsert by an address that is someone's secondary one: owner | conflict (5.5, U)."""
    merged_update: str = "silent"
    """Batch update of a merged-away id: silent | follow (5.3, B)."""
    merge_preserves_primary: bool = False
    """Beta "Primary ID Preservation": a merge keeps the primary's id (5.5, A)."""
    not_found_context: str = "ids"
    """``context`` of a 207 not-found entry: ids | ids_and_trace | empty_ids (4.2, B)."""
    stage_mismatch: str = "refuse"
    """A stage of another pipeline: refuse | accept (8, U)."""
    pipeline_omitted: str = "default"
    """A stage without a pipeline on update is looked for in: default | current (8, A/U)."""
    too_long: str = "refuse"
    """More than 65,536 characters: refuse | truncate (4.1, U)."""
    multi_checkbox_order: str = "options"
    """Order in which a multi-checkbox comes back: options | input (6.2, U)."""
    percentages: str = "fraction"
    """What a number shown as a percentage holds: fraction (0.19 shows as 19 %) | whole (19 does) (16, U)."""
    legal_basis_dash: str = "strict"
    """``hs_legal_basis`` labels with a hyphen in place of the en dash: strict | forgive (6.2, B)."""
    archived_unique_value: str = "free"
    """A unique value held by an archived record only: free | taken (5.5, U)."""
    gdpr_delete_blocks_email: bool = True
    """Creating a contact with a GDPR-deleted address is refused (5.5, A/U)."""
    retry_after_on_429: int | None = None
    """Seconds for a ``Retry-After`` on 429; HubSpot usually sends none (3, A)."""
    rate_limit_field: str = "errorType"
    """429 bodies name the limit in: errorType | category (3, A/C)."""
    daily_headers_for_oauth: bool = False
    """Daily headers for OAuth apps; absent in HubSpot (3, A)."""
    legacy_sunset: bool = False
    """The v1 to v4 paths answer 410, as after their sunset (1.1, U for the status)."""
    auto_associate_companies: bool = False
    """The portal creates and links companies by e-mail domain (7.2, A/C)."""
    default_lifecyclestage: str = ""
    """Lifecycle stage that the portal gives to new contacts (5.8, C)."""
    user_level_edit_associations: bool = True
    """The connecting user may edit associations; false gives the 2026-09 refusal to OAuth tokens (1.3, A)."""
    association_label_limit: int = 50
    """Labels per pair of object types before the 437 (7.1, A/B)."""
    required_on_create: str = "documented"
    """Names, stages and the like that the documentation wants of new records: documented | nothing (5.8, U)."""
    property_lag_ms: int = 400
    """How long a new property definition stays invisible to reads (5.6, B)."""
    search_lag_s: float = 5.0
    """How long a write stays invisible to search (5.6, B)."""
    unauthorised_apps_hang_on: bool = True
    """Access tokens outlive a revoked refresh token until they expire (2.2, B)."""
    unknown_keys: str = "refuse"
    """Unknown keys of a request: refuse | ignore; HubSpot mostly ignores, the simulator catches drift."""
    max_url_chars: int = 8000
    """Longest request target before the 414 (5.1, C)."""

    def change(self, **values: object) -> None:
        """Sets switches by name; a name that does not exist is refused."""
        known = {entry.name for entry in fields(self)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"unknown switches: {', '.join(unknown)}")
        for name, value in values.items():
            setattr(self, name, value)
