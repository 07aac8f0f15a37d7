"""One window of a browser, and everything that must never happen in it."""

import contextlib
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e import axe, pages

HERE = Path(__file__).resolve().parent
JUDGE = (HERE / "judge.js").read_text()
CONTENT = "#page-wrapper"  # pretix' menus around it are not ours
PATIENCE = 30_000  # milliseconds; a busy machine is slow, and no fault of the page
REPORT_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) => console.error(
    "blocked by the content security policy: " + event.effectiveDirective + " " + event.blockedURI));"""
SETTLED = """() => new Promise((done) => {
    const moving = () => window.jQuery && jQuery(":animated").length;
    const look = () => (moving() ? setTimeout(look, 50) : document.fonts.ready.then(() => done(true)));
    look(); })"""
# What pretix puts on every page, or below every list, within the content.
OF_CORE = ["footer", ".pagination-container"]
AXE = """async ([root, exclude]) => {
    const result = await axe.run({include: [root], exclude}, {resultTypes: ["violations"]});
    const nodes = (found) => found.nodes.map((node) => node.html.slice(0, 160)).join(" … ");
    return result.violations.filter((found) => ["serious", "critical"].includes(found.impact))
        .map((found) => "offends axe's rule " + found.id + ": " + nodes(found)); }"""


class Screen:
    """Watches its page all the time; ``see`` keeps a picture and judges what is shown."""

    def __init__(self, page, pictures, judged):
        self.page = page
        self.pictures = pictures
        self.judged = judged
        self.axe = axe.script()
        self.trouble = []
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.add_init_script(REPORT_VIOLATIONS)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.trouble.append(f"{page.url}: {error}"))
        page.on("response", self._answered)

    @property
    def is_phone(self):
        return self.page.viewport_size["width"] < 768

    def _heard(self, message):
        # What a failed request logs is told better by _answered.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.trouble.append(f"{self.page.url}: {message.text}")

    def _answered(self, response):
        if response.status >= 400:
            self.trouble.append(f"{response.url} answered {response.status}")

    @contextlib.contextmanager
    def tolerating(self, text):
        """For what is a known fault of somebody else: trouble with this text is forgotten."""
        yield
        self.trouble = [entry for entry in self.trouble if not re.search(text, entry)]

    def must_be_quiet(self):
        trouble, self.trouble = self.trouble, []
        assert not trouble, "\n".join(trouble)

    def settle(self):
        """Waits until nothing moves; core folds things out, and moves and removes rows, with animations."""
        self.page.evaluate(SETTLED)

    def see(self, name, ours=True, dialog=None):
        """Keeps a picture of the whole page; a page of ours must fit, have names for everything, and please axe.

        ``dialog`` is our name of the address from which an open dialog comes.
        What is wrong fails the step at its end, so that the story goes on.
        """
        self.settle()
        self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True, animations="disabled")
        if ours:
            found = self.page.evaluate(JUDGE, CONTENT) + self._axe_findings()
            self.trouble += [f"{name}: the page {sentence}" for sentence in found]
            self.judged.update(filter(None, (pages.name_of(self.page.url), dialog)))

    def _axe_findings(self):
        self.page.evaluate(self.axe)
        return self.page.evaluate(AXE, [CONTENT, OF_CORE])

    def text(self):
        """What the content of the page says, in one line."""
        return " ".join(self.page.locator(CONTENT).inner_text().split())

    def says(self, text):
        """The page says so, or will in a moment: core loads some parts later."""
        expect(self.page.locator(CONTENT)).to_contain_text(text, use_inner_text=True)

    def button(self, name, exact=True):
        return self.page.locator(CONTENT).get_by_role("button", name=name, exact=exact)

    def link(self, name, exact=True):
        return self.page.locator(CONTENT).get_by_role("link", name=name, exact=exact)

    def fold_out(self, text):
        self.page.locator("summary", has_text=text).click()

    def reach_by_keyboard(self, target):
        """Tabs from the beginning of the page until ``target`` has the focus."""
        self.page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
        for _ in range(150):
            self.page.keyboard.press("Tab")
            if target.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"The keyboard does not reach {target} on {self.page.url}")
