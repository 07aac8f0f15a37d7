"""axe-core, the accessibility checker: fetched once by npm into build/, for tests only."""

import shutil
import subprocess

VERSION = "4.10.3"


def load(build):
    """The script and an empty string, or nothing and why it is not there."""
    script = build / f"axe-{VERSION}" / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        if not shutil.which("npm"):
            return "", "npm is not installed"
        command = ["npm", "install", "--prefix", str(build / f"axe-{VERSION}"), "--no-save", "--ignore-scripts",
                   "--no-audit", "--no-fund", f"axe-core@{VERSION}"]  # fmt: skip
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        except (subprocess.SubprocessError, OSError) as trouble:
            return "", f"npm cannot fetch axe-core: {getattr(trouble, 'stderr', '') or trouble}"
    return script.read_text(), ""
