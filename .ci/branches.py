"""Every branch of the pure modules is taken by their own unit tests: `make coverage`.

Which modules are pure is said once, by the import contract "pure" in setup.cfg.
"""

import configparser
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "build" / "coverage"
CONTRACT = "importlinter:contract:pure"
#: Literals alone have to take every branch: what drawn values reach may differ from run to run.
TESTS = ["-m", "not hypothesis", "tests/unit"]


def modules():
    """The files of the contract's modules; a package stands for everything in it."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    for name in config[CONTRACT]["source_modules"].split():
        path = ROOT / name.replace(".", "/")
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def run(*arguments):
    environment = os.environ | {"COVERAGE_FILE": str(DATA)}
    done = subprocess.run(
        [sys.executable, "-m", "coverage", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def check():
    """(whether all of it is covered, what the tools said)."""
    wanted = list(modules())
    if missing := [str(path) for path in wanted if not path.exists()]:
        return False, f"The contract names modules that do not exist: {', '.join(missing)}"
    DATA.parent.mkdir(exist_ok=True)
    measured = f"--include={','.join(map(str, wanted))}"
    worked, output = run("run", "--branch", measured, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS)
    if not worked:
        return False, output
    # Modules that no test imports are in no report.
    covered, report = run("report", "--show-missing", "--fail-under=100", measured)
    unseen = [path.name for path in wanted if path.name not in report]
    return covered and not unseen, "\n".join([report, *(f"{name} is never imported" for name in unseen)])


if __name__ == "__main__":
    worked, output = check()
    print(output)
    sys.exit(0 if worked else 1)
