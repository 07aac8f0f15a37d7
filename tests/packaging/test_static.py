"""The plugin's static files, through the storage that production uses: every reference must lead somewhere."""

import shutil
from pathlib import Path

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

STATIC = Path(__file__).resolve().parents[2] / "pretix_hubspot" / "static"


def test_every_reference_in_scripts_and_styles_is_found(tmp_path):
    shutil.copytree(STATIC, tmp_path, dirs_exist_ok=True)
    names = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    storage = ManifestStaticFilesStorage(location=str(tmp_path), base_url="/static/")
    processed = list(storage.post_process({name: (storage, name) for name in names}))
    assert {name for name, _, done in processed if isinstance(done, Exception)} == set()
    assert {name for name, _, done in processed if done is True} >= set(names)


def test_everything_lives_below_the_plugins_own_name():
    assert {path.name for path in STATIC.iterdir()} <= {"pretix_hubspot"}
