"""The stage of the browser suite: for each device one fresh demo and one window, kept through the whole story.

The files are numbered because the story is one: each step goes on where the one before it ended.
After a step has failed, the rest of the story on that device is skipped; an ugly page does not stop it.
The guide has a demo, and therefore a story, of its own.
"""

import shutil
from pathlib import Path

import pytest

from demo.names import LOGIN, PASSWORD
from tests.e2e.house import ROOT, running_house
from tests.e2e.screen import Screen

DEVICES = {"desktop": (1280, 800), "phone": (390, 844)}
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",  # Chromium refuses to run as root with it, and containers usually are root
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
]
HERE = Path(__file__).resolve().parent
failed_stories = {}


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session", params=DEVICES)
def device(request):
    return request.param


@pytest.fixture(scope="session")
def judged(device):
    """Names of the plugin's pages and dialogs that were looked at so far."""
    return set()


@pytest.fixture(scope="session")
def house(device, tmp_path_factory):
    with running_house(tmp_path_factory.mktemp(device)) as house:
        yield house


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def new_screen(browser, device, judged):
    """A window of its own, without anybody's cookies."""
    pictures = ROOT / "build" / "screenshots" / device
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    width, height = DEVICES[device]
    contexts = []

    def make():
        context = browser.new_context(viewport={"width": width, "height": height}, locale="en", reduced_motion="reduce")
        contexts.append(context)
        return Screen(context.new_page(), pictures, judged)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def desk(house, new_screen):
    """The organizer's window, logged in."""
    return log_in(new_screen(), house)


def log_in(desk, house):
    desk.page.goto(f"{house.site}/control/login")
    desk.page.fill("[name=email]", LOGIN)
    desk.page.fill("[name=password]", PASSWORD)
    desk.page.click("button[type=submit]")
    desk.page.wait_for_url(lambda url: "/login" not in url)
    return desk


@pytest.fixture(autouse=True)
def story(request):
    """Skips what cannot work any more, and listens for trouble after every step."""
    if failed := failed_stories.get(story_of(request.node)):
        pytest.skip(f"an earlier step failed: {failed}")
    yield
    if "desk" in request.fixturenames:
        request.getfixturevalue("desk").must_be_quiet()


def story_of(item):
    """The device, and the module that has a demo of its own; None for what belongs to no story."""
    device = getattr(item, "callspec", None) and item.callspec.params.get("device")
    return device and (device, item.module if hasattr(item.module, "house") else None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and call.when != "teardown" and (story := story_of(item)):
        failed_stories.setdefault(story, item.name)
        picture_of_failure(item)
    return report


def picture_of_failure(item):
    if "desk" in item.funcargs:
        desk = item.funcargs["desk"]
        desk.page.screenshot(path=desk.pictures / f"failed-{item.originalname}.png", full_page=True)
