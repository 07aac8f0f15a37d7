"""Creates the virtual environment that the Makefile works in: `python3 .ci/environment.py .venv dev`.

Needs nothing but Python's standard library, and says in one sentence what is missing if it cannot do its job.
A stamp keyed by pyproject.toml, the extra and the chosen pretix makes a second call cost nothing.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
# What pip reads from its configuration file, and the variable that tells uv the same.
UV_VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "cert": "SSL_CERT_FILE",
}


def main():
    args = parse_arguments()
    environment = Path(args.environment)
    check_python()
    stamp = environment / f".ready-{args.extra}"
    wanted = fingerprint(args)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if not (environment / "bin" / "python").exists():
        create(environment)
    install(environment, args)
    compile_translations(environment)
    stamp.write_text(wanted)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("environment", help="folder of the virtual environment")
    parser.add_argument("extra", choices=["demo", "dev"], help="what to install beside the plugin")
    parser.add_argument("--pretix", default="", help='another pretix than the newest, such as "==2026.3.*"')
    return parser.parse_args()


def check_python():
    if sys.version_info < OLDEST_PYTHON:
        have = ".".join(map(str, sys.version_info[:3]))
        give_up(
            f"This needs Python 3.11 or newer, and {sys.executable} is {have}.",
            "Install a newer one and say which: make PYTHON=python3.12 …",
        )


def fingerprint(args):
    told = [str(ROOT), (ROOT / "pyproject.toml").read_text(), args.pretix, sys.version]
    version = ROOT / "pretix_hubspot" / "__init__.py"
    if version.exists():
        told.append(version.read_text())
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


def create(environment):
    say(f"creating {environment} (once; half a minute to two minutes)")
    done = subprocess.run([sys.executable, "-m", "venv", str(environment)], capture_output=True, text=True)
    if done.returncode != 0:
        give_up(
            "Python's venv module does not work here.",
            "On Debian and Ubuntu: apt install python3-venv",
            (done.stdout + done.stderr).strip(),
        )


def install(environment, args):
    python = environment / "bin" / "python"
    say(f"installing pretix and the plugin with its extra “{args.extra}”")
    run_or_explain([python, "-m", "pip", "install", "--quiet", "uv>=0.5"])
    what = ["--editable", f"{ROOT}[{args.extra}]", f"pretix{args.pretix}"]
    run_or_explain(
        [python, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *what],
        env=os.environ | uv_settings(python),
    )


def uv_settings(python):
    """Tells uv about the package index that pip is configured to use, unless uv has been told already."""
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True)
    told = {}
    for line in listed.stdout.splitlines():
        key, _, value = line.partition("=")
        variable = UV_VARIABLES.get(key.rpartition(".")[2])
        if variable and variable not in os.environ:
            told[variable] = value.strip("'\"")
    return told


def run_or_explain(command, env=None):
    done = subprocess.run([str(part) for part in command], env=env, capture_output=True, text=True)
    if done.returncode != 0:
        give_up(
            "Packages could not be installed. Is the network there, and does this Python find PyPI?",
            "Behind a proxy or an index of your own, set HTTPS_PROXY or PIP_INDEX_URL and try again.",
            (done.stdout + done.stderr).strip()[-2000:],
        )


def compile_translations(environment):
    """Compiles our own translations with Babel, which comes with pretix, so that no gettext has to be installed."""
    locale = ROOT / "pretix_hubspot" / "locale"
    if not list(locale.glob("*/LC_MESSAGES/*.po")):
        return
    babel = "from babel.messages.frontend import main; import sys; sys.exit(main())"
    for domain in sorted({path.stem for path in locale.glob("*/LC_MESSAGES/*.po")}):
        command = [environment / "bin" / "python", "-c", babel, "--quiet", "compile", "-D", domain, "-d", locale]
        run_or_explain(command)


def say(text):
    print(f"» {text}", file=sys.stderr, flush=True)


def give_up(problem, hint, detail=""):
    print(f"\n{problem}\n{hint}", file=sys.stderr)
    if detail:
        print(f"\nWhat was answered:\n{detail}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
