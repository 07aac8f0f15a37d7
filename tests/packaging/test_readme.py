"""What README.md and docs/operators.md promise to operators is what the plugin asks for."""

import json
import re
from pathlib import Path

from pretix_hubspot.connections.oauth_app import return_url
from pretix_hubspot.server.scopes import BASE_SCOPE, OPTIONAL_SCOPES, REQUIRED_SCOPES

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
OPERATORS = (ROOT / "docs" / "operators.md").read_text()


def listed(kind):
    rows = [row for row in README.splitlines() if row.startswith("| `") and row.endswith(f"| {kind} |")]
    return {scope for row in rows for scope in re.findall(r"`([a-z_.-]+)`", row)}


def test_the_scopes_are_those_that_are_asked_for():
    assert listed("required") == set(REQUIRED_SCOPES)
    assert listed("optional") == set(OPTIONAL_SCOPES)


def test_the_list_to_paste_into_the_app_is_what_is_asked_for():
    [block] = re.findall(r"```json\n(.*?)```", OPERATORS, re.DOTALL)
    assert json.loads(block) == {
        "requiredScopes": [scope for scope in REQUIRED_SCOPES if scope != BASE_SCOPE],
        "conditionallyRequiredScopes": [],
        "optionalScopes": list(OPTIONAL_SCOPES),
    }


def test_the_redirect_url_is_ours(settings):
    settings.SITE_URL = "https://tickets.example.org"
    assert f"`{return_url()}`" in README


def test_one_sentence_per_line():
    prose = [line for line in README.splitlines() if line and line[0].isalpha()]
    assert [line for line in prose if re.search(r"[.!?] [A-Z]", line)] == []
