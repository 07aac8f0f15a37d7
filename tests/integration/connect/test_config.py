"""What the operator may configure, and what is refused."""

import pytest
from pretix.base.settings import GlobalSettingsObject

from pretix_hubspot import checks, config
from pretix_hubspot.hubspot_app import return_url

pytestmark = pytest.mark.django_db


def set_option(monkeypatch, name, value):
    monkeypatch.setenv(f"PRETIX_HUBSPOT_{name.upper()}", value)


def test_defaults_need_no_configuration():
    found = config.server_config()
    assert (found.api_url, found.app_url, found.api_version) == (
        "https://api.hubapi.com",
        "https://app.hubspot.com",
        "2026-03",
    )
    assert (found.has_oauth_app, found.errors, found.warnings) == (False, (), ())
    assert found.checked() is found


def test_options_come_from_the_configuration_file_and_global_settings_win(monkeypatch):
    set_option(monkeypatch, "client_id", "from-file")
    set_option(monkeypatch, "client_secret", "secret-from-file")
    set_option(monkeypatch, "api_version", "2026-09")
    found = config.server_config()
    assert (found.client_id, found.client_secret, found.api_version) == ("from-file", "secret-from-file", "2026-09")
    assert found.has_oauth_app

    GlobalSettingsObject().settings.set(config.CLIENT_ID_SETTING, "from-settings")
    assert config.server_config().client_id == "from-settings"
    assert config.server_config().client_secret == "secret-from-file"


def test_the_secret_does_not_show_when_printed(monkeypatch):
    set_option(monkeypatch, "client_secret", "very-secret")
    assert "very-secret" not in repr(config.server_config())


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://api.hubapi.com", True),
        ("http://localhost:8001", True),
        ("http://127.0.0.1:8001", True),
        ("http://[::1]:8001", True),
        ("http://api.hubapi.com", False),
        ("http://10.0.0.1", False),
        ("http://localhost.example.com", False),
        ("https://user:pass@api.hubapi.com", False),
        ("https://api.hubapi.com?x=1", False),
        ("https://api.hubapi.com#x", False),
        ("ftp://localhost", False),
        ("//api.hubapi.com", False),
        ("http://[::1", False),
        ("https://api.hubapi.com:port", False),
        ("", False),
    ],
)
def test_tokens_go_to_https_or_this_machine_only(url, safe):
    assert config.is_safe_base_url(url) is safe


@pytest.mark.parametrize(
    ("option", "value"), [("api_url", "http://example.com"), ("app_url", "javascript:x"), ("api_version", "2024-01")]
)
def test_a_wrong_option_stops_everything_and_is_named(monkeypatch, option, value):
    set_option(monkeypatch, option, value)
    found = config.server_config()
    assert option in found.warnings[0]
    assert not found.has_oauth_app
    with pytest.raises(config.ServerMisconfigured, match=option):
        found.checked()
    assert [error.id for error in checks.check_server_config(None)] == ["pretix_hubspot.E001"]


def test_system_checks_are_silent_by_default():
    assert checks.check_server_config(None) == []


def test_half_an_app_is_a_warning(monkeypatch):
    set_option(monkeypatch, "client_id", "only-the-id")
    assert "client secret" in config.server_config().warnings[0]


def test_there_is_one_return_url(settings):
    settings.SITE_URL = "https://tickets.example.com"
    assert return_url() == "https://tickets.example.com/control/hubspot/oauth/return/"
