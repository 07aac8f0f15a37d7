"""Collects the plugin's texts for translators, compiles what is translated, and tells whether that is current.

`python .ci/translations.py` collects and compiles; `check()` is what `make lint` asks.
"""

import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "pretix_hubspot"
LANGUAGES = ("de", "de_Informal")
DOMAINS = ("django", "djangojs")
#: What makemessages passes over: another name of gettext than its own or ``_``, and texts that are not in its brackets.
UNSEEN = re.compile(r"gettext\w* as (?!_\b)\w+|gettext\w*\(\*\w+")
PLURAL = "nplurals=2; plural=(n != 1);"  # in German, formal or not


def collect(package):
    """Runs Django's makemessages over one copy of the package."""
    (package / "locale").mkdir(exist_ok=True)
    languages = [part for language in LANGUAGES for part in ("-l", language)]
    for domain in DOMAINS:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "django",
                "makemessages",
                "-d",
                domain,
                "--no-obsolete",
                "--add-location",
                "file",
                *languages,
            ],
            cwd=package,
            check=True,
            capture_output=True,
        )
    for path in package.glob("locale/*/LC_MESSAGES/*.po"):  # gettext does not know de_Informal
        path.write_text(path.read_text().replace("nplurals=INTEGER; plural=EXPRESSION;", PLURAL))


def compile_all(package):
    for path in package.glob("locale/*/LC_MESSAGES/*.po"):
        with path.open("rb") as source, path.with_suffix(".mo").open("wb") as target:
            write_mo(target, read_po(source))


def catalogues(package):
    """Every catalogue of a package, by its path below ``locale``."""
    return {
        path.relative_to(package / "locale").as_posix(): read_po(io.BytesIO(path.read_bytes()))
        for path in package.glob("locale/*/LC_MESSAGES/*.po")
    }


def texts(catalogue):
    return {(message.context, message.id) for message in catalogue if message.id}


def open_texts(catalogue):
    """How many texts of a catalogue wait for a translator."""
    return sum(1 for message in catalogue if message.id and (message.fuzzy or not is_translated(message)))


def mixed_up(catalogue):
    """Texts that Python and a template share, with plurals in the form of Python: a template leaves these braces."""
    return [
        message.id[0]
        for message in catalogue
        if message.pluralizable and message.python_brace_format and any("templates/" in p for p, _ in message.locations)
    ]


def passed_over(package):
    """Where texts are that no catalogue gets."""
    found = ((path, UNSEEN.search(path.read_text())) for path in package.rglob("*.py"))
    return sorted(f"{path.relative_to(package)}: {match[0]}" for path, match in found if match)


def is_translated(message):
    return all(message.string) if isinstance(message.string, (tuple, list)) else bool(message.string)


def check():
    """(problem or "", texts without translation); a problem means that `make locale` has not been run."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / PACKAGE
        shutil.copytree(ROOT / PACKAGE, copy)
        collect(copy)
        stored, current = catalogues(ROOT / PACKAGE), catalogues(copy)
    stale = sorted(name for name in current if name not in stored or texts(stored[name]) != texts(current[name]))
    mixed = sorted({text for catalogue in current.values() for text in mixed_up(catalogue)})
    missing = sum(open_texts(catalogue) for catalogue in stored.values())
    if unseen := passed_over(ROOT / PACKAGE):
        return f"not collected: {'; '.join(unseen)}", missing
    if mixed:
        return f"in Python and in a template, with plurals that differ: {'; '.join(mixed)}", missing
    return (f"not current: {', '.join(stale)}; run make locale" if stale else ""), missing


def main():
    if not shutil.which("xgettext"):
        sys.exit("Collecting texts needs gettext. On Debian and Ubuntu: apt install gettext")
    collect(ROOT / PACKAGE)
    compile_all(ROOT / PACKAGE)
    for name, catalogue in sorted(catalogues(ROOT / PACKAGE).items()):
        print(f"{name}: {len(texts(catalogue))} texts, {open_texts(catalogue)} to translate")


if __name__ == "__main__":
    main()
