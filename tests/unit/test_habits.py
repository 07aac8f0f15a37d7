"""Habits of the tests themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
OURS = ("pretix_hubspot", "hubspot_simulator", "tests")
#: Patches of modules of our own, in all suites. It may only become less.
MOST_PATCHES = 26
INSTEAD = """
A patch of a module's internals passes on after the module was changed, and breaks when it is only tidied up.
Instead: ``fake_clock`` for time and sleeping, ``statements`` and ``before_request`` for something that comes between or
fails, ``started_tasks`` for calls to workers, the simulator's faults, switches and people for what HubSpot says and
does, Django's settings, a value that is passed down (``Patience``, ``SliceSize``), or enough data.
"""


def test_tests_patch_few_internals_of_our_modules():
    found = [f"{path.relative_to(TESTS)}:{line}" for path in sorted(TESTS.rglob("*.py")) for line in patches(path)]

    assert len(found) <= MOST_PATCHES, INSTEAD + "\n".join(found)


def patches(path: Path) -> Iterator[int]:
    """The lines at which a file patches something of ours, or what it does not import by name."""
    tree = ast.parse(path.read_text())
    modules = dict(imports(tree))
    for node in ast.walk(tree):
        is_call = isinstance(node, ast.Call) and node.args
        if is_call and is_patch(node.func) and root(node.args[0], modules) in (*OURS, ""):
            yield node.lineno


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Imported names, each with the package that it comes from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname or alias.name).partition(".")[0], alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, "tests" if node.level else node.module.partition(".")[0]


def is_patch(function: ast.expr) -> bool:
    """``monkeypatch.setattr(…)``, ``mock.patch(…)`` and ``mock.patch.object(…)``."""
    names = ast.unparse(function).split(".")
    if "mock" in names:
        return "patch" in names
    return len(names) > 1 and names[-1] in ("setattr", "delattr")


def root(target: ast.expr, modules: dict[str, str]) -> str:
    """The package whose attribute is patched; nothing if only running the test could tell."""
    if isinstance(target, ast.Constant):
        return str(target.value).partition(".")[0]
    while isinstance(target, ast.Attribute):
        target = target.value
    return modules.get(target.id, "") if isinstance(target, ast.Name) else ""
