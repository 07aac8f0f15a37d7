"""How strong the tests are: `make mutants`, or `make mutants COUNT=60 SEED=7 ONLY="judge|handler"`; last line is JSON.

Draws mutants of the package by a seed: each is the code with one small change that a good test notices, such as
``<=`` for ``<`` or a keyword that was dropped (``mutants_operators.py``). Each is met by the tests that execute its
line, those first whose names have words of its code, then quick ones and a few of every file, until one fails or its
time is over. Who executes what is recorded once for each state of the sources, in build/mutants/; that takes as long
as the suites themselves, and half as long again.

A survivor is a question to whoever knows the code: is it equivalent, or would something break that nobody notices?
Then a test is missing. Answers are kept in ``mutants_judged.toml`` by what the mutant does and not by where it stands,
so that they outlive moves. Equivalent ones leave the score.

Takes about half an hour for 300 mutants on two idle processors. Not part of CI: a number that depends on a draw proves
nothing about a change, while each survivor tells something about a test.
"""

import argparse
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, zip_longest
from pathlib import Path

import coverage
from mutants_operators import Mutant, mutants_of
from mutants_pytest import watched

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "pretix_hubspot"
WORK = ROOT / "build" / "mutants"
JUDGED = Path(__file__).with_name("mutants_judged.toml")
#: What changes the code's behaviour under test, and so who executes what.
SOURCES = (PACKAGE, "hubspot_simulator", "tests")
#: Suites that need a service or a browser are left out, and those that execute nothing of the package.
TESTS = ["-m", "not e2e and not workers and not postgres", "tests"]
TESTS += [f"--ignore=tests/{name}" for name in ("packaging", "demo", "e2e", "workers", "simulator")]
QUIET = ["-q", "-s", "-p", "no:xdist", "-p", "no:cacheprovider", "-p", "mutants_pytest"]
#: Seconds that the tests of one mutant may take together.
LIMIT = 60.0
#: A process that imports everything anew is given this many more; and it collects no more files than these.
STARTING, MOST_FILES = 60.0, 40
#: The test that coverage names where no test runs: a module is read.
READ = ""
#: How many tests are tried first whose names have most in common with the mutant.
ALIKE = 15
KILLED, SURVIVED, NOT_EXECUTED = "killed", "survived", "not executed"


@dataclass
class Trial:
    """A mutant of a file, the tests that may kill it, and what became of it.

    ``read`` means that it is in the way when its module is read, and ``only_then`` that nothing else is changed.
    """

    path: Path
    mutant: Mutant
    tests: list[dict] = field(default_factory=list)
    read: bool = False
    only_then: bool = False
    fate: str = NOT_EXECUTED
    by: str = ""
    ran: int = 0

    @property
    def place(self):
        return f"{self.path.relative_to(ROOT)}:{self.mutant.lines[0]}"


# What there is


@cache
def text(path):
    return path.read_text()


@cache
def modules():
    """All files of the package but migrations, which no test of ours runs."""
    return sorted(path for path in (ROOT / PACKAGE).rglob("*.py") if "migrations" not in path.parts)


def drawn(seed, count, only=""):
    """A sample: a file by its size, then an operator, then one of its mutants; ``only`` is a pattern for both names."""
    dice = random.Random(seed)
    left = {}
    for path in modules():
        by_operator = defaultdict(list)
        for mutant in mutants_of(text(path)):
            if re.search(only, f"{path.relative_to(ROOT)} {mutant.operator}"):
                by_operator[mutant.operator].append(mutant)
        left[path] = by_operator
    sizes = {path: sum(map(len, found.values())) for path, found in left.items()}
    sample = []
    while len(sample) < count and (paths := [path for path in left if left[path]]):
        [path] = dice.choices(paths, [sizes[path] for path in paths])
        operator = dice.choice(sorted(left[path]))
        mutants = left[path][operator]
        sample.append(Trial(path, mutants.pop(dice.randrange(len(mutants)))))
        if not mutants:
            del left[path][operator]
    return sample


# Who executes what


def fingerprint():
    """Of everything that decides about it."""
    files = sorted(path for name in SOURCES for path in (ROOT / name).rglob("*") if path.suffix in (".py", ".html"))
    told = "".join(f"{path.relative_to(ROOT)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in files)
    return hashlib.sha256(told.encode()).hexdigest()


def said(path):
    return json.loads(path.read_text())


def environment(role, **more):
    path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    told = {"MUTANTS_ROLE": role, "PYTHONPATH": path, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    return os.environ | told | {"HYPOTHESIS_STORAGE_DIRECTORY": str(WORK / "hypothesis"), **more}


def pytest_process(role, arguments, log, **options):
    """A pytest with our plugin, whose words go into a file."""
    command = [sys.executable, "-m", "pytest", *QUIET, *arguments]
    output = (WORK / log).open("wb")
    return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, **options)


def record(jobs):
    """Runs all suites once, in so many processes; goes on where it was interrupted if nothing changed meanwhile."""
    print(f"Recording which test executes which line, in {jobs} processes …", flush=True)
    begun, of = WORK / "begun", fingerprint()
    if not begun.exists() or begun.read_text() != of:
        for old in [*WORK.glob("lines*"), *WORK.glob("tests.*")]:
            old.unlink()
        begun.write_text(of)
    done = {test.partition("::")[0] for path in WORK.glob("tests.*.json") for test in said(path)["seconds"]}
    (WORK / "done").write_text(json.dumps(sorted(done)))
    running = [
        pytest_process("", TESTS, f"record.{turn}.log", env=environment(f"record {turn}/{jobs} {PACKAGE}"))
        for turn in range(jobs)
    ]
    for turn, process in enumerate(running):
        if process.wait() not in (0, 1, 5):  # else all is well, or tests are red, or nothing is left for it
            raise SystemExit(f"pytest did not get through, see {WORK / f'record.{turn}.log'}")
    told = [said(path) for path in WORK.glob("tests.*.json")]
    seconds = {name: spent for part in told for name, spent in part["seconds"].items()}
    red = sorted({name for part in told for name in part["red"]})
    together = coverage.CoverageData(str(WORK / "lines"))
    for path in WORK.glob("lines.*"):
        part = coverage.CoverageData(str(path))
        part.read()
        together.update(part)
    together.write()
    (WORK / "tests.json").write_text(json.dumps({"seconds": seconds, "red": red, "of": of}))


def words(told):
    return set(re.findall("[a-z]{4,}", told.lower()))


class Record:
    """Which test executes which line, and how long it takes; tests that fail by themselves are none."""

    def __init__(self, jobs):
        told = WORK / "tests.json"
        if not told.exists() or said(told)["of"] != fingerprint():
            record(jobs)
        found = said(told)
        self.seconds = {name: spent for name, spent in found["seconds"].items() if name not in found["red"]}
        print(f"{len(self.seconds)} tests, {sum(self.seconds.values()):.0f} s", flush=True)
        for name in found["red"]:
            print(f"red without a mutant, and no judge: {name}")
        self.words = {test: words(test) for test in self.seconds}
        self.often = Counter(word for found in self.words.values() for word in found)
        self._data = coverage.CoverageData(str(WORK / "lines"))
        self._data.read()

    @cache  # noqa: B019  there is one
    def lines(self, path):
        """Tests by line; of a line that runs when the module is read, also the test READ."""
        return {line: set(tests) for line, tests in self._data.contexts_by_lineno(str(path)).items()}

    def prepare(self, trial):
        """Finds the tests that may kill it."""
        mutant, lines = trial.mutant, self.lines(trial.path)
        trial.read = any(READ in lines.get(line, ()) for line in mutant.lines)
        executing = next((found for line in mutant.lines if (found := lines.get(line, set()) - {READ})), set())
        others = set()
        trial.only_then = mutant.at_import or (trial.read and not executing)
        if trial.only_then:  # whoever has to do with the name, else with the file, else anybody
            executing = executing or self._about(mutant.name)
            others = set().union(*lines.values()) - {READ} or set(self.seconds)
        turns = [*self._in_turns(executing), *self._in_turns(others)]
        alike = sorted(turns, key=self._likeness(trial), reverse=True)[:ALIKE]
        ordered = dict.fromkeys([*alike, *turns])
        trial.tests = [{"id": test, "seconds": self.seconds[test]} for test in ordered]

    def _likeness(self, trial):
        """How many words a test's name shares with the mutant, rare ones above all."""
        told = words(f"{trial.path.relative_to(ROOT / PACKAGE)} {trial.mutant.identity}")
        return lambda test: sum(1 / self.often[word] for word in told & self.words[test])

    @cache  # noqa: B019
    def _about(self, name):
        """Tests that execute a line with this name, or stand in a file that has it."""
        found = set()
        if not name:
            return found
        for path in modules():
            named = [number for number, line in enumerate(text(path).splitlines(), 1) if name in line]
            found |= set(chain.from_iterable(self.lines(path).get(number, ()) for number in named))
        files = {test.partition("::")[0] for test in self.seconds}
        saying = {file for file in files if name in text(ROOT / file)}
        return found | {test for test in self.seconds if test.partition("::")[0] in saying}

    def _in_turns(self, tests):
        """Quick ones first, and one of every file before the second of any."""
        by_file = defaultdict(list)
        for test in sorted(tests & self.seconds.keys(), key=lambda test: (self.seconds[test], test)):
            by_file[test.partition("::")[0]].append(test)
        files = sorted(by_file.values(), key=lambda listed: self.seconds[listed[0]])
        return [test for turn in zip_longest(*files) for test in turn if test]


# Trying


class Lane:
    """One warm process, and what it is asked."""

    def __init__(self, number, limit):
        self.number, self.limit = number, limit
        receiving, sending = os.pipe()
        options = {"env": environment("serve", MUTANTS_OUT=str(sending)), "pass_fds": [sending]}
        self.process = pytest_process("", TESTS, f"serve.{number}.log", stdin=subprocess.PIPE, **options)
        os.close(sending)
        self.answers = os.fdopen(receiving)

    def ready(self):
        if not self.answers.readline():
            raise SystemExit(f"pytest did not start, see {WORK / f'serve.{self.number}.log'}")

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.answers.close()

    def attempt(self, trial):
        if not trial.tests:
            return
        told = {"broken": True} if trial.only_then else self._warm(trial)
        if told.get("broken") or (trial.read and "killed_by" not in told):
            told = self._fresh(trial)
        killer = told.get("killed_by", "import" if told.get("broken") else "")
        trial.fate, trial.by, trial.ran = KILLED if killer else SURVIVED, killer, told.get("ran", 0)

    def _warm(self, trial):
        task = {"file": str(trial.path), "number": trial.mutant.number, "tests": trial.tests, "seconds": self.limit}
        self.process.stdin.write(json.dumps(task).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.answers.readline())

    def _fresh(self, trial):
        files = list(dict.fromkeys(test["id"].partition("::")[0] for test in trial.tests))[:MOST_FILES]
        tests = [test for test in trial.tests if test["id"].partition("::")[0] in files]
        listed = WORK / f"fresh.{self.number}.json"
        listed.write_text(json.dumps(tests))
        receiving, sending = os.pipe()
        role = f"fresh {trial.path} {trial.mutant.number} {listed}"
        options = {"env": environment(role, MUTANTS_OUT=str(sending)), "pass_fds": [sending]}
        process = pytest_process(
            "", [*TESTS[:2], *files], f"fresh.{self.number}.log", start_new_session=True, **options
        )
        os.close(sending)
        try:
            return watched(receiving, tests, self.limit + STARTING)
        finally:
            os.close(receiving)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def try_all(sample, jobs, limit):
    """Gives every trial its fate; each lane takes the next one."""
    lanes = [Lane(number, limit) for number in range(jobs)]
    waiting, lock, done, began = iter(sample), threading.Lock(), [0], time.monotonic()

    def work(lane):
        with closing(lane):
            lane.ready()
            while True:
                with lock:
                    trial = next(waiting, None)
                if trial is None:
                    return
                lane.attempt(trial)
                with lock:
                    done[0] += 1
                    line = f"{done[0]}/{len(sample)} {time.monotonic() - began:5.0f} s  {trial.fate:12} {trial.place}"
                    print(f"{line}  {trial.mutant.operator}  {trial.by.rpartition('::')[2][:60]}", flush=True)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(work, lanes))


# Telling


def judgements():
    """Identity -> (verdict, reason)."""
    found = tomllib.loads(JUDGED.read_text())
    return {name: (verdict, reason) for verdict, judged in found.items() for name, reason in judged.items()}


def report(sample):
    judged = judgements()
    alive = sorted((t for t in sample if t.fate != KILLED), key=lambda t: (t.fate, t.place))
    print(f"\n{len(alive)} of {len(sample)} were not killed:")
    for trial in alive:
        verdict, reason = judged.get(trial.mutant.identity, ("", ""))
        ran = f"{trial.ran} of {len(trial.tests)} tests ran" if trial.tests else "no test executes it"
        print(f"\n{trial.place}  {trial.mutant.operator}, {ran}  {verdict and f'[{verdict}: {reason}]'}".rstrip())
        print(f'  "{trial.mutant.identity}"')
    verdicts = [judged.get(t.mutant.identity, ("",))[0] for t in alive]
    killed, equivalent = len(sample) - len(alive), verdicts.count("equivalent")
    told = {
        "mutants": len(sample),
        "killed": killed,
        "survived": sum(t.fate == SURVIVED for t in alive),
        "not_executed": sum(t.fate == NOT_EXECUTED for t in alive),
        "equivalent": equivalent,
        "unimportant": verdicts.count("unimportant"),
        "unjudged": verdicts.count(""),
        "score": round(killed / max(1, len(sample) - equivalent), 3),
    }
    print(json.dumps(told))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--only", default="", help="pattern for a path and an operator")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds of tests for one mutant")
    args = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    sample, found = drawn(args.seed, args.count, args.only), Record(args.jobs)
    for trial in sample:
        found.prepare(trial)
    try_all(sample, args.jobs, args.limit)
    report(sample)


if __name__ == "__main__":
    main()
