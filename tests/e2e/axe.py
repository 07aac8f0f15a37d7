"""axe-core, the accessibility checker, as it comes with axe-playwright-python."""

from importlib import resources


def script():
    """What has to be loaded into a page before it can be judged."""
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text()
