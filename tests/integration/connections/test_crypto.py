"""Tokens at rest."""

import pytest

from pretix_hubspot.server import config, crypto


def test_what_is_encrypted_can_be_read_again_and_does_not_show():
    stored = crypto.encrypt("pat-eu1-secret")
    assert "secret" not in stored
    assert crypto.decrypt(stored) == "pat-eu1-secret"


def test_nothing_stays_nothing():
    assert crypto.encrypt("") == crypto.decrypt("") == ""


def test_two_ciphertexts_of_one_token_differ():
    assert crypto.encrypt("same") != crypto.encrypt("same")


def test_a_retired_secret_still_decrypts_and_new_text_uses_the_current_one(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "first", []
    old = crypto.encrypt("token")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "second", ["first"]
    assert crypto.decrypt(old) == "token"
    new = crypto.encrypt("token")
    settings.SECRET_KEY_FALLBACKS = []
    assert crypto.decrypt(new) == "token"
    with pytest.raises(crypto.KeyLost):
        crypto.decrypt(old)


def test_a_lost_key_is_the_operators_problem(settings):
    stored = crypto.encrypt("token")
    settings.SECRET_KEY = "another"
    with pytest.raises(config.ServerMisconfigured, match="secret key was changed") as caught:
        crypto.decrypt(stored)
    assert caught.value.__cause__ is None


def test_keys_of_different_purposes_differ():
    assert crypto.derive(b"one") != crypto.derive(b"two")
