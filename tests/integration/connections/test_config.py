"""What the operator may configure, and what is refused."""

from configparser import RawConfigParser

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pretix.base.settings import GlobalSettingsObject
from pretix.helpers.config import EnvOrParserConfig

from hubspot_simulator.oauth.scopes import KNOWN
from pretix_hubspot import checks
from pretix_hubspot.connections.oauth_app import return_url
from pretix_hubspot.server import config, scopes

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
        ("https://api hubapi.com", False),
        ("https://api..hubapi.com", False),
        ("https:///api.hubapi.com", False),
        ("https//api.hubapi.com", False),
        ("api.hubapi.com", False),
        ("https://münchen.example", True),
        ("", False),
    ],
)
def test_tokens_go_to_https_or_this_machine_only(url, safe):
    assert config.is_safe_base_url(url) is safe


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("api_url", "http://example.com", "api_url in section [hubspot] of pretix.cfg must be an HTTPS address."),
        ("app_url", "javascript:x", "app_url in section [hubspot] of pretix.cfg must be an HTTPS address."),
        ("api_version", "2024-01", "api_version in section [hubspot] of pretix.cfg must be one of 2026-03, 2026-09."),
        ("lease_seconds", "5m", "lease_seconds in section [hubspot] of pretix.cfg must be a number of seconds"),
        ("lease_seconds", "9", "from 10 to 900."),
        ("lease_seconds", "901", "from 10 to 900."),
        ("lease_second", "300", "There is no option lease_second in section [hubspot]"),
        ("api_ur", "https://api.hubapi.com", "Did you mean api_url?"),
        ("colour", "orange", "There is no option colour in section [hubspot] of pretix.cfg."),
    ],
)
def test_a_mistake_is_one_error_that_names_the_option_and_stops_everything(monkeypatch, option, value, said):
    set_option(monkeypatch, option, value)
    found = config.server_config()
    assert [said in error for error in found.errors] == [True], found.errors
    assert found.warnings == found.errors
    assert not found.has_oauth_app
    with pytest.raises(config.ServerMisconfigured, match=option):
        found.checked()
    assert [error.id for error in checks.check_server_config(None)] == ["pretix_hubspot.E001"]
    with pytest.raises(SystemCheckError, match=option):
        call_command("check")


def test_a_mistake_is_said_when_a_process_starts(monkeypatch, caplog):
    set_option(monkeypatch, "lease_seconds", "soon")
    apps.get_app_config("pretix_hubspot").log_misconfiguration()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "lease_seconds" in caplog.text


def test_a_mistaken_lease_is_the_default_for_what_is_under_way(monkeypatch):
    assert config.lease_seconds() == 300
    set_option(monkeypatch, "lease_seconds", "60")
    assert config.lease_seconds() == 60
    set_option(monkeypatch, "lease_seconds", "0")
    assert config.lease_seconds() == 300


def test_the_file_itself_is_read_for_options_that_do_not_exist(monkeypatch):
    parser = RawConfigParser()
    parser.read_string("[DEFAULT]\nname = shared\n[hubspot]\nclient_id = app\nclientsecret = x\n[mail]\nfrom = y\n")
    monkeypatch.setattr(settings, "CONFIG_FILE", EnvOrParserConfig(parser))
    assert config.file_errors() == (
        "There is no option clientsecret in section [hubspot] of pretix.cfg. Did you mean client_secret?",
    )


@pytest.mark.skipif(
    not hasattr(EnvOrParserConfig, "_file_envkey"), reason="pretix before 2026.8 reads no option from a file of its own"
)
def test_a_secret_whose_file_cannot_be_read_is_a_mistake_too(monkeypatch, tmp_path):
    monkeypatch.setenv("FILE__PRETIX_HUBSPOT_CLIENT_SECRET", str(tmp_path / "nowhere"))
    assert config.file_errors() == ("The file that holds the option client_secret of [hubspot] cannot be read.",)


def test_system_checks_are_silent_by_default():
    assert checks.check_server_config(None) == []


def test_half_an_app_is_a_warning(monkeypatch):
    set_option(monkeypatch, "client_id", "only-the-id")
    assert "client secret" in config.server_config().warnings[0]


def test_there_is_one_return_url(settings):
    settings.SITE_URL = "https://tickets.example.com"
    assert return_url() == "https://tickets.example.com/control/hubspot/oauth/return/"


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("", tuple(scopes.OPTIONAL_SCOPES)),
        ("none", ()),
        ("tickets", ("tickets",)),
        (
            "crm.objects.deals.write, crm.objects.deals.read\n\ttickets",
            ("crm.objects.deals.read", "crm.objects.deals.write", "tickets"),
        ),
        ("tickets crm.objects.leads.read", ("tickets", "crm.objects.leads.read")),
        ("tickets crm.objects.contacts.read", ("tickets",)),
    ],
)
def test_the_operator_narrows_what_is_asked_for(monkeypatch, written, asked):
    set_option(monkeypatch, "optional_scopes", written)

    found = config.server_config()

    assert (found.optional_scopes, found.warnings, config.file_errors()) == (asked, (), ())


def test_a_scope_that_does_not_exist_is_told(monkeypatch):
    set_option(monkeypatch, "optional_scopes", "tickets crm.schemas.products.write")

    [problem] = config.server_config().errors

    assert "The option optional_scopes in section [hubspot] of pretix.cfg must be a list of scopes" in problem
    assert [error.msg for error in checks.check_server_config(None)] == [problem]


def test_every_scope_that_is_asked_for_is_one_of_hubspots():
    """Held against hubspot.md 2.4 and 16 by the simulator, which knows those and no others."""
    assert {*scopes.REQUIRED_SCOPES, *scopes.OPTIONAL_SCOPES, *scopes.ON_REQUEST} <= KNOWN
