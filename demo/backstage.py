"""Works in pretix' backend as the organizer does: connects, accepts the suggestion, marks as paid, cancels."""

from demo.browser import Browser, PageProblem


class Backstage:
    """The demo's team member in the backend of one event."""

    def __init__(self, site, organizer, event):
        self.site = site
        self.event = f"{site}/control/event/{organizer}/{event}"
        self.browser = Browser(site)

    def log_in(self, email, password):
        page = self.browser.open(f"{self.site}/control/login")
        page.submit(page.form(field="password"), email=email, password=password)
        if "/control/login" in page.url:
            raise PageProblem(f"The login does not work: {page.says()}")

    def request_access(self):
        """OAuth, as far as a page asks: "Request access", then whatever HubSpot wants to be confirmed."""
        page = self.browser.open(f"{self.event}/hubspot/")
        page.submit(page.form(action="/hubspot/connect/oauth/"))
        for _ in range(3):
            if page.url.startswith(self.site):
                break
            confirm(page)
        self.must_be_connected()

    def paste_token(self, token):
        page = self.browser.open(f"{self.event}/hubspot/")
        page.submit(page.form(action="/hubspot/connect/token/", field="token"), token=token)
        self.must_be_connected()

    def must_be_connected(self):
        page = self.browser.open(f"{self.event}/hubspot/")
        if "This event is connected to your HubSpot account." not in page.page.get_text(" "):
            raise PageProblem(f"The event is not connected: {page.says()}")

    def accept_suggestion(self):
        page = self.browser.open(f"{self.event}/hubspot/")
        page.submit(page.form(action="/hubspot/suggest/"))
        page.open(f"{self.event}/hubspot/")
        if "/hubspot/mapping/" not in str(page.page):
            raise PageProblem(f"The suggestion was not accepted: {page.says()}")

    def mark_as_paid(self, code):
        self.transition(code, "p")

    def cancel(self, code):
        self.transition(code, "c")

    def transition(self, code, status):
        page = self.browser.open(f"{self.event}/orders/{code}/transition?status={status}")
        page.submit(page.form(action=f"/orders/{code}/transition"))
        if "/transition" in page.url:
            raise PageProblem(f"Order {code} does not change to “{status}”: {page.says()}")

    def sync_problems(self):
        """How many rows the event's page "Sync problems" lists."""
        page = self.browser.open(f"{self.event}/datasync/failedjobs/")
        return len(page.page.select("input[name=idlist]"))


def confirm(page):
    """Presses the first button of the page's form, which is the one that HubSpot wants to be pressed."""
    for form in page.page.find_all("form"):
        button = form.find("button", attrs={"type": "submit"})
        if button:
            pressed = {button["name"]: button.get("value", "")} if button.get("name") else {}
            page.submit(form, **pressed)
            return
    raise PageProblem(f"{page.url} asks for nothing that could be confirmed: {page.says()}")
