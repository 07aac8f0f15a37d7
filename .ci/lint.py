"""Everything that can be judged without running the plugin: `make lint`.

Each check prints what it found; the last line is one JSON object, and the exit code says the same.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import branches
import translations

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SHIPPED = "pretix_hubspot"


def run(*command, **environment):
    """(worked, everything that was printed) of one tool of this virtual environment."""
    tool, *arguments = command
    done = subprocess.run(
        [str(BIN / tool), *arguments], cwd=ROOT, capture_output=True, text=True, env=os.environ | environment
    )
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def verdict(worked, output):
    if not worked:
        print(output)
    return "ok" if worked else "failed"


def style():
    return verdict(*run("ruff", "check", "."))


def layout():
    return verdict(*run("ruff", "format", "--check", "."))


def arrows():
    return verdict(*run("lint-imports", "--config", "setup.cfg", "--no-cache", PYTHONPATH=str(ROOT)))


def types():
    """Which rooms are checked, and how strictly, stands in pyproject.toml."""
    return verdict(*run("mypy", "--no-error-summary"))


def migrations():
    """Whether our models need a migration that nobody has written; pretix' own, which it lists as well, may be open."""
    with tempfile.TemporaryDirectory() as data:
        settings = {"DATA_DIR": data, "PRETIX_CONFIG_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "pretix.settings"}
        worked, output = run("python", "-m", "pretix", "makemigrations", "--check", "--dry-run", SHIPPED, **settings)
    return verdict(worked or f"Migrations for '{SHIPPED}'" not in output and "Migrations for" in output, output)


def messages():
    if not shutil.which("xgettext"):
        return "skipped: needs gettext"
    problem, missing = translations.check()
    if problem:
        return verdict(False, problem)
    return f"ok, {missing} to translate" if missing else "ok"


def coverage():
    """Every branch of the pure modules is taken by their unit tests."""
    return verdict(*branches.check())


def security():
    return verdict(*run("bandit", "--quiet", "--recursive", "--configfile", "pyproject.toml", SHIPPED))


def vulnerabilities():
    """Asks for known vulnerabilities of what is installed, version by version; tells them, and fails nothing.

    pretix chooses the versions of its own dependencies: what is found there is a matter for pretix. Where the network
    has no such database, or a package index that knows none, it says so instead of passing for an answer.
    """
    command = ["pip-audit", "--format", "json", "--desc", "off", "--progress-spinner", "off", "--skip-editable"]
    done = subprocess.run([str(BIN / command[0]), *command[1:], "--timeout", "15"], capture_output=True, text=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return f"not asked: {(done.stderr.strip().splitlines() or ['no answer'])[-1][:200]}"
    asked = [package for package in packages if "vulns" in package]
    found = [f"{p['name']} {p['version']}: {v['id']}" for p in asked for v in p["vulns"]]
    print(*found, sep="\n", end="\n" if found else "")
    if not asked:
        return f"not asked: the package index knows nothing about {len(packages)} packages"
    unknown = f", {len(packages) - len(asked)} not asked" if len(packages) > len(asked) else ""
    return (f"told: {len(found)} in {len(asked)} packages" if found else f"ok: {len(asked)} packages") + unknown


CHECKS = {
    "style": style,
    "layout": layout,
    "arrows": arrows,
    "types": types,
    "migrations": migrations,
    "messages": messages,
    "coverage": coverage,
    "security": security,
    "vulnerabilities": vulnerabilities,
}


def main():
    results = {}
    for name, check in CHECKS.items():
        results[name] = check()
        print(f"{name}: {results[name]}", flush=True)
    failed = any(result == "failed" for result in results.values())
    print(json.dumps({"lint": "failed" if failed else "ok", **results}))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
