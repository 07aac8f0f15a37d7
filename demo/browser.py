"""A person's browser, reduced to what a person needs here: open a page, fill in a form, click its button."""

from urllib.parse import urljoin

import requests
from bs4 import BeautifulSoup


class PageProblem(Exception):
    """A page is not what was expected; the message says where and what it says."""


class Browser:
    """Keeps cookies and the current page; follows redirects, as browsers do."""

    def __init__(self, base):
        self.base = base
        self.session = requests.Session()
        self.session.headers["User-Agent"] = "pretix-hubspot smoke test"
        self.url = base
        self.page = None

    def open(self, path):
        return self._show(self.session.get(urljoin(self.base, path), timeout=60))

    def submit(self, form, **answers):
        """Sends ``form`` as it stands, with ``answers`` filled in."""
        target = urljoin(self.url, form.get("action") or self.url)
        fields = [(name, value) for name, value in filled_in(form) if name not in answers]
        for name, value in answers.items():
            fields += [(name, one) for one in (value if isinstance(value, list) else [value]) if one is not None]
        headers = {"Referer": self.url}
        if form.get("method", "get").lower() == "post":
            return self._show(self.session.post(target, data=fields, headers=headers, timeout=120))
        return self._show(self.session.get(target, params=fields, headers=headers, timeout=60))

    def form(self, action="", field=""):
        """The first form of the page whose address contains ``action`` and which has a field called ``field``."""
        for form in self.page.find_all("form"):
            if form.get("method", "get").lower() == "dialog":
                continue
            names = {element.get("name") for element in form.find_all(["input", "select", "textarea", "button"])}
            if action in urljoin(self.url, form.get("action") or self.url) and (not field or field in names):
                return form
        raise PageProblem(f"{self.url}: there is no form for “{action or field}”. The page says: {self.says()}")

    def says(self):
        """What the page tells a person: its alerts, or else the beginning of its text."""
        alerts = [" ".join(alert.get_text(" ").split()) for alert in self.page.select(".alert, .has-error")]
        return " | ".join(alerts)[:600] or " ".join(self.page.get_text(" ").split())[:300]

    def _show(self, answer):
        self.url = answer.url
        self.page = BeautifulSoup(answer.text, "html.parser")
        if answer.status_code >= 400:
            raise PageProblem(f"{answer.url} answered {answer.status_code}: {self.says()}")
        return self


def filled_in(form):
    """The fields of a form as a browser would send them untouched, without buttons and files."""
    for element in form.find_all(["input", "select", "textarea"]):
        name = element.get("name")
        kind = element.get("type", "text").lower()
        if not name or element.has_attr("disabled") or kind in ("submit", "button", "image", "file", "reset"):
            continue
        if element.name == "select":
            yield from ((name, value) for value in chosen(element))
        elif element.name == "textarea":
            yield name, element.get_text()
        elif kind not in ("checkbox", "radio") or element.has_attr("checked"):
            yield name, element.get("value", "on" if kind in ("checkbox", "radio") else "")


def chosen(select):
    options = select.find_all("option")
    picked = [option for option in options if option.has_attr("selected")]
    if not picked and not select.has_attr("multiple"):
        picked = options[:1]
    return [option.get("value", option.get_text()) for option in picked]
