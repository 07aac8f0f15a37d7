"""Note what a slice showed about the portal's schema, for pages, previews and the next orders."""

from pretix_hubspot.failures.codes import CONTRADICTS_SCHEMA, Code
from pretix_hubspot.failures.failure import Failure
from pretix_hubspot.hubspot.errors import Forbidden, HubSpotError, MissingScope
from pretix_hubspot.sync.send.outcome import Execution

from .judge import Verdict
from .slices import Slice


def note_access(work: Slice, execution: Execution, verdicts: list[Verdict]) -> None:
    """Store which object types HubSpot did not let pretix use, and which it does again."""
    lacking = {failure.object_type: failure for verdict in verdicts for failure in verdict.lacking}
    used = {ref[0] for ref, sent in execution.sent().items() if sent.changed}
    work.catalog.note_access({name: _refusal(failure) for name, failure in lacking.items()}, used)


def doubt_schema(work: Slice, verdicts: list[Verdict]) -> None:
    """Refresh the schema of object types that HubSpot contradicted, for pages, previews and the next orders."""
    failures = [failure for verdict in verdicts for failure in verdict.failures]
    if gone := {failure.object_type for failure in failures if failure.code in CONTRADICTS_SCHEMA}:
        work.catalog.doubt(gone)


def _refusal(failure: Failure) -> HubSpotError:
    if failure.code != Code.MISSING_SCOPE:
        return Forbidden(failure.message)
    scopes = tuple(failure.params.get("scopes", "").split(", "))
    return MissingScope(failure.message, context={"requiredScopes": scopes})
