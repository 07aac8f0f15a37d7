"""What the package promises about its own code."""

import ast
import pathlib
import sys
from configparser import ConfigParser

import hubspot_simulator

ROOT = pathlib.Path(hubspot_simulator.__file__).parent


def test_it_imports_nothing_but_the_standard_library():
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            roots = {name.partition(".")[0] for name in names}
            assert roots <= sys.stdlib_module_names | {"hubspot_simulator"}, path


def test_functions_and_modules_stay_small():
    for path in ROOT.rglob("*.py"):
        source = path.read_text()
        assert source.count("\n") <= 350, path
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno <= 30, (path, node.name)


def test_every_module_of_an_area_stands_in_the_ladder():
    """The linter sees to the modules on top; those of areas are listed one by one, so that none can be left out."""
    settings = ConfigParser()
    settings.read(ROOT.parent / "setup.cfg")
    layers = settings["importlinter:contract:simulator-ladder"]["layers"]
    ladder = {name for name in layers.replace("|", " ").split() if name.startswith(("crm.", "oauth."))}
    assert ladder == {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for area in ("crm", "oauth")
        for path in (ROOT / area).rglob("*.py")
        if path.name != "__init__.py"
    }
