"""The side of ``mutants.py`` that runs inside pytest: records which test executes which line, or tries mutants.

``MUTANTS_ROLE`` says what this process does:

- ``record K/N``: runs every N-th test file from the K-th on, and writes lines by test, and how long each test took.
- ``serve``: collects all tests, sets up the database once, and then forks for each mutant: the child changes the code
  of the functions that are there already, and runs the tests that it is told to.
- ``fresh FILE NUMBER TESTS``: this process imports the file changed, and runs the tests that another file lists; for
  what happens when a module is read.

What is to be tried comes in as lines of JSON, and what became of it goes out by the file descriptor ``MUTANTS_OUT``.
"""

import contextlib
import gc
import importlib.abc
import importlib.machinery
import json
import os
import resource
import select
import signal
import sys
import time
import types
from functools import _lru_cache_wrapper
from pathlib import Path

import mutants_operators
import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutants"
#: A test that takes this many times as long as without a mutant, and this many seconds, never ends.
SLOWER, GRACE = 10, 20.0
#: More memory than any test needs.
MEMORY = 4 * 1024**3


def tell(**said):
    os.write(int(os.environ["MUTANTS_OUT"]), json.dumps(said).encode() + b"\n")


def file_of(item):
    return item.nodeid.partition("::")[0]


def failed(item, following):
    """Whether a test failed, or its fixtures did."""
    return any(report.failed for report in runtestprotocol(item, nextitem=following, log=False))


class Recorder:
    """Coverage, told which test is running. What it knows is written after each file, so that it can go on later."""

    def __init__(self, share, package):
        import coverage  # inline: the other roles need none

        self.turn, self.of = map(int, share.split("/"))
        self.told = WORK / f"tests.{self.turn}.json"
        kept = json.loads(self.told.read_text()) if self.told.exists() else {"seconds": {}, "red": []}
        self.seconds, self.red = kept["seconds"], kept["red"]
        self.coverage = coverage.Coverage(
            data_file=str(WORK / f"lines.{self.turn}"), source=[package], config_file=False, messages=False
        )
        if self.seconds:
            self.coverage.load()
        self.coverage.start()

    def pytest_collection_modifyitems(self, items):
        done = json.loads((WORK / "done").read_text())  # the same for all who share
        left = sorted({file_of(item) for item in items} - set(done))
        mine = set(left[self.turn :: self.of])
        items[:] = [item for item in items if file_of(item) in mine]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item, nextitem):
        self.coverage.switch_context(item.nodeid)
        began = time.monotonic()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.monotonic() - began
            self.coverage.switch_context("")
            if nextitem is None or file_of(nextitem) != file_of(item):
                self.coverage.save()
                self.told.write_text(json.dumps({"seconds": self.seconds, "red": self.red}))

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.red.append(report.nodeid)


class Server:
    """One process that is ready to run any test, and its children that are not quite the same."""

    def __init__(self):
        self.functions = {}
        self.trusted = {}

    def pytest_collection_finish(self, session):
        """Before fixtures hide what is there from the garbage collector."""
        self.caches = []
        for found in gc.get_objects():
            if type(found) is types.FunctionType:  # and not isinstance, to which lazy objects lie
                self.functions.setdefault(found.__code__.co_filename, []).append(found)
            elif type(found) is _lru_cache_wrapper:
                self.caches.append(found)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        self.items = {item.nodeid: item for item in session.items}
        self._warm_up(session)
        tell(ready=len(self.items))
        for line in sys.stdin:
            task = json.loads(line)
            tell(**self._tried(task))
        return True

    def _warm_up(self, session):
        """The database is made by the first test that needs it."""
        first = next(item for item in session.items if "db" in getattr(item, "fixturenames", ()))
        self.last = next(item for item in session.items if item.path.parent != first.path.parent)
        failed(first, self.last)

    def _tried(self, task):
        """What became of one mutant: which test killed it, or that none did."""
        tests = [test for test in task["tests"] if test["id"] in self.items]
        while True:
            told = self._in_child(task, tests)
            killer = told.get("killed_by")
            if not killer or told.get("endless") or self._is_trusted(killer):
                return told
            tests = [test for test in tests if test["id"] != killer]

    def _is_trusted(self, test):
        """Whether the test is green in a child where nothing was changed."""
        if test not in self.trusted:
            told = self._in_child({"seconds": 120}, [{"id": test, "seconds": 60}])
            self.trusted[test] = "killed_by" not in told
        return self.trusted[test]

    def _in_child(self, task, tests):
        receiving, sending = os.pipe()
        child = os.fork()
        if not child:
            os.setsid()
            os.close(receiving)
            with contextlib.suppress(BaseException):
                self._be_the_child(sending, task, tests)
            os._exit(0)
        os.close(sending)
        try:
            return watched(receiving, tests, task["seconds"])
        finally:
            os.close(receiving)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def _be_the_child(self, sending, task, tests):
        quiet()
        if "file" in task and not self._change(task["file"], task["number"]):
            os.write(sending, b"unchanged\n")
            return
        run_all(sending, [self.items[test["id"]] for test in tests], self.last)

    def _change(self, file, number):
        """Gives the functions of this file their new code. Whether any of them has another one now."""
        source = Path(file).read_text()
        new, ambiguous = {}, set()
        for code in codes(compile(mutants_operators.mutated(source, number), file, "exec", dont_inherit=True)):
            key = code.co_name, code.co_qualname, code.co_firstlineno
            if key in new:
                ambiguous.add(key)
            new[key] = code
        changed = 0
        for function in self.functions.get(file, ()):
            old = function.__code__
            key = old.co_name, old.co_qualname, old.co_firstlineno
            if key in ambiguous or key not in new or new[key] == old:
                continue
            function.__code__ = new[key]  # ValueError if it uses other variables from outside
            changed += 1
        for cached in self.caches:
            if getattr(cached.__wrapped__, "__code__", None) and cached.__wrapped__.__code__.co_filename == file:
                cached.cache_clear()
        return changed


class Fresh:
    """Runs tests in the order in which they are listed."""

    def __init__(self, listed):
        self.tests = json.loads(Path(listed).read_text())

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        by_id = {item.nodeid: item for item in items}
        items[:] = [by_id[test["id"]] for test in self.tests if test["id"] in by_id]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        run_all(int(os.environ["MUTANTS_OUT"]), session.items, None)
        return True


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one file as it would be after a change, whatever is on the disk."""

    def __init__(self, file, number):
        self.file, self.number = file, number

    def find_spec(self, name, path, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.origin != self.file:
            return None
        places = spec.submodule_search_locations
        made = importlib.machinery.ModuleSpec(name, self, origin=self.file, is_package=places is not None)
        made.submodule_search_locations, made.has_location = places, True
        return made

    def exec_module(self, module):
        tree = mutants_operators.mutated(Path(self.file).read_text(), self.number)
        exec(compile(tree, self.file, "exec", dont_inherit=True), vars(module))


def codes(code):
    """A code object and all within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def quiet():
    """Whatever a child says is lost; what it takes has an end."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run_all(sending, items, last):
    """Tells each test that begins, until one of them fails."""
    for number, item in enumerate(items):
        os.write(sending, b"begin %d\n" % number)
        following = items[number + 1] if number + 1 < len(items) else last
        if failed(item, following):
            os.write(sending, b"failed %d\n" % number)
            return
    os.write(sending, b"passed\n")


def watched(receiving, tests, seconds):
    """What the tests in another process come to; it is given up after its time, and earlier where a test never ends."""
    now = time.monotonic()
    end, limit, number, text = now + seconds, now + seconds, -1, ""
    while True:
        left = min(end, limit) - time.monotonic()
        if left <= 0 or not select.select([receiving], [], [], left)[0]:
            endless = number >= 0 and limit < end
            return {"killed_by": tests[number]["id"], "endless": True} if endless else of(number, tests)
        said = os.read(receiving, 65_536).decode()
        if not said:  # it ended without a word
            return {"killed_by": tests[number]["id"]} if number >= 0 else {"broken": True}
        *lines, text = (text + said).split("\n")
        for line in lines:
            word, _, which = line.partition(" ")
            if word == "begin":
                number = int(which)
                limit = time.monotonic() + GRACE + SLOWER * tests[number]["seconds"]
            else:
                return {"failed": {"killed_by": tests[number]["id"]}, "unchanged": {"broken": True}}.get(
                    word, of(len(tests), tests)
                )


def of(number, tests):
    return {"ran": max(number, 0), "of": len(tests)}


def playing(role, *what):
    """The plugin for a role; made before anything of the package is imported."""
    if role == "fresh":
        file, number, listed = what
        sys.meta_path.insert(0, Changed(file, int(number)))
        return Fresh(listed)
    return Recorder(*what) if role == "record" else Server()


if "MUTANTS_ROLE" in os.environ:
    PLUGIN = playing(*os.environ["MUTANTS_ROLE"].split(" "))


def pytest_configure(config):
    config.pluginmanager.register(PLUGIN, "mutants")
