"""What people install: built the way a release is built, from the source distribution, then looked into."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_SOURCE = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "*.mo")
PRODUCED = {"build", "dist", "data"}  # at the top of a checkout only
BUILD = "import sys, setuptools.build_meta as backend; print(getattr(backend, sys.argv[1])(sys.argv[2]))"
SHIPPED_FOLDERS = ("locale", "migrations", "static", "templates")

pytestmark = pytest.mark.skipif(not shutil.which("msgfmt"), reason="needs gettext to compile translations")


def build(kind, source, target):
    done = subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(target)], cwd=source, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return target / done.stdout.strip().splitlines()[-1]


def _not_source(folder, names):
    return NOT_SOURCE(folder, names) | (PRODUCED if Path(folder) == ROOT else set())


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    source = tmp_path_factory.mktemp("source") / "checkout"
    shutil.copytree(ROOT, source, ignore=_not_source)
    return build("build_sdist", source, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    built = build("build_wheel", next(unpacked.iterdir()), tmp_path_factory.mktemp("wheel"))
    with zipfile.ZipFile(built) as archive:
        yield archive


@pytest.fixture(scope="module")
def names(wheel):
    return {name for name in wheel.namelist() if not name.endswith("/")}


@pytest.fixture(scope="module")
def metadata(wheel, names):
    path = next(name for name in names if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(path).decode())


def source_files(folder):
    for path in (ROOT / "pretix_hubspot" / folder).rglob("*"):
        if path.is_file() and path.suffix not in (".pyc", ".mo") and not path.name.startswith("."):
            yield path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("folder", SHIPPED_FOLDERS)
def test_everything_the_plugin_needs_is_inside(names, folder):
    assert set(source_files(folder)) - names == set()


def test_every_module_is_inside(names):
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "pretix_hubspot").rglob("*.py")} - names == set()


def test_every_translation_is_compiled(names):
    translations = {name for name in names if name.endswith(".po")}
    assert {name.removesuffix(".po") + ".mo" for name in translations} - names == set()


def test_nothing_else_is_inside(names):
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pretix_hubspot"}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_source_distribution_can_be_built_again_and_holds_no_tools(sdist):
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "pretixplugin.toml", "pyproject.toml", "setup.cfg"} <= inside
    assert not {name for name in inside if name.split("/")[0] in ("hubspot_simulator", "demo", "tests", "benchmarks")}


def test_metadata(metadata):
    version = {}
    exec((ROOT / "pretix_hubspot" / "__init__.py").read_text(), version)
    assert metadata["Name"] == "pretix-hubspot"
    assert metadata["Version"] == version["__version__"]
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["License-File"] == "LICENSE"


def test_nothing_is_installed_beside_pretix(metadata):
    assert [line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line] == []


def test_pretix_finds_the_plugin(wheel, names):
    path = next(name for name in names if name.endswith(".dist-info/entry_points.txt"))
    text = wheel.read(path).decode()
    assert "[pretix.plugin]\npretix_hubspot = pretix_hubspot:PretixPluginMeta" in text
