"""The page on which a person connects an app (hubspot.md 2.2)."""

from html import escape
from urllib.parse import parse_qs, urlencode

from hubspot_simulator.backend import Backend
from hubspot_simulator.http.pages import page
from hubspot_simulator.http.request import HTML_TYPE, Raw, Reply

from .scopes import KNOWN, granted
from .state import App

PARAMETERS = {
    "client_id",
    "redirect_uri",
    "scope",
    "optional_scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "response_type",
}


def authorize(backend: Backend, raw: Raw, portal_id: int | None) -> Reply:
    """GET shows the question, POST answers it by redirecting to the app."""
    asked = {name: values[-1] for name, values in raw.query.items()}
    if raw.method == "POST":
        asked |= {name: values[-1] for name, values in parse_qs(raw.body.decode(errors="replace")).items()}
    app, complaint = _check(backend, asked)
    if complaint or app is None:
        return _refuse(complaint)
    if raw.method != "POST":
        return _question(backend, raw, app, asked, portal_id)
    if asked.get("decision") != "connect":
        return _back(asked, error="access_denied", error_description="The user denied access to the app")
    wanted = str(asked.get("portal_id") or portal_id or backend.portal.id)
    chosen = int(wanted) if wanted.isdigit() else 0
    if chosen not in backend.portals:
        return _refuse(f"You have no access to account {chosen}.")
    tier = backend.portals[chosen].account.tier
    needed = _scopes(asked, "scope") | (set(app.conditionally_required_scopes) & _scopes(asked, "optional_scope"))
    if lacking := sorted(needed - granted(needed, tier)):
        return _refuse(f"Your account does not have access to the scopes that this app requires: {', '.join(lacking)}")
    scopes = needed | granted(_scopes(asked, "optional_scope"), tier)
    code = backend.auth.authorise(app, chosen, sorted(scopes), asked["redirect_uri"], asked.get("code_challenge", ""))
    return _back(asked, code=code)


def _scopes(asked: dict[str, str], name: str) -> set[str]:
    return set(asked.get(name, "").split())


def _check(backend: Backend, asked: dict[str, str]) -> tuple[App | None, str]:
    """The app, and why the installation is refused: every mismatch is (hubspot.md 2.2, A)."""
    unknown = sorted(set(asked) - PARAMETERS - {"decision", "portal_id"})
    if unknown:
        return None, f"Unknown parameter {unknown[0]}."
    app = backend.auth.apps.get(asked.get("client_id", ""))
    if app is None:
        return None, "The client_id does not belong to any app."
    if not app.redirect_allowed(asked.get("redirect_uri", "")):
        return app, "The redirect_uri does not match any redirect URL of the app."
    scopes = _scopes(asked, "scope")
    strange = sorted((scopes | _scopes(asked, "optional_scope")) - KNOWN)
    if strange:
        return app, f"Unknown scope {strange[0]}."
    if unlisted := app.unlisted(scopes | _scopes(asked, "optional_scope")):
        return app, (
            "Scope mismatch: the scopes in the URL do not match those in the configuration of the app. "
            f"It does not list {', '.join(unlisted)}."
        )
    if app.required_scopes is not None and scopes - {"oauth"} != set(app.required_scopes) - {"oauth"}:
        return app, "Scope mismatch: the scopes in the URL do not match the required scopes of the app."
    return app, "" if scopes else "The authorization URL names no scope."


def _refuse(complaint: str) -> Reply:
    text = page("App installation failed", f"<h1>We can't connect this app</h1><p>{escape(complaint)}</p>")
    return Reply(400, text=text, content_type=HTML_TYPE)


def _back(asked: dict[str, str], **answer: str) -> Reply:
    if "state" in asked:
        answer["state"] = asked["state"]
    target = asked["redirect_uri"]
    target += ("&" if "?" in target else "?") + urlencode(answer)
    return Reply(302, text="", content_type=HTML_TYPE, headers={"Location": target})


def _question(backend: Backend, raw: Raw, app: App, asked: dict[str, str], portal_id: int | None) -> Reply:
    choices = "".join(
        f'<option value="{portal.id}"{" selected" if portal.id == portal_id else ""}>'
        f"{escape(portal.account.name)} ({portal.id})</option>"
        for portal in backend.portals.values()
    )
    scopes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in sorted(_scopes(asked, "scope")))
    optional = "".join(
        f"<li><code>{escape(scope)}</code> (optional)</li>" for scope in sorted(_scopes(asked, "optional_scope"))
    )
    body = f"""<h1>Connect {escape(app.name)} to HubSpot</h1>
<p>This is a simulated HubSpot account. No data leaves this machine.</p>
<form method="post" action="{escape(raw.target)}">
<p><label for="portal">Choose an account</label><br><select id="portal" name="portal_id">{choices}</select></p>
<p>The app asks for permission to use:</p><ul class="scopes">{scopes}{optional}</ul>
<p class="buttons"><button type="submit" name="decision" value="connect" class="primary">Connect app</button>
<button type="submit" name="decision" value="cancel">Cancel</button></p></form>"""
    return Reply(200, text=page(f"Connect {app.name}", body), content_type=HTML_TYPE)
