"""The results of checks, as plain data."""

from dataclasses import dataclass
from enum import IntEnum


class Status(IntEnum):
    """The status of a finding; of several, the greatest is the worst."""

    SKIPPED = 0
    OK = 1
    WARN = 2
    FAIL = 3

    @property
    def word(self):
        return self.name.lower()


@dataclass(frozen=True)
class Finding:
    """One sentence about one thing; ``hint`` says what to do, ``url`` where."""

    status: Status
    text: str
    hint: str = ""
    url: str = ""


def ok(text):
    return Finding(Status.OK, text)


def warn(text, hint="", url=""):
    return Finding(Status.WARN, text, hint, url)


def fail(text, hint="", url=""):
    return Finding(Status.FAIL, text, hint, url)


@dataclass(frozen=True)
class CheckResult:
    """The findings of one check."""

    check: str
    title: str
    findings: tuple[Finding, ...]

    @property
    def status(self):
        return max((finding.status for finding in self.findings), default=Status.SKIPPED)


@dataclass(frozen=True)
class CheckReport:
    """All results; ``facts`` are versions, names and times for a support mail. No secrets, no personal data."""

    facts: tuple[tuple[str, str], ...]
    results: tuple[CheckResult, ...]

    @property
    def status(self):
        return max(result.status for result in self.results)

    @property
    def is_partial(self):
        """Whether HubSpot was not asked, so that the report cannot say that everything is fine."""
        return any(r.status == Status.SKIPPED for r in self.results if r.check == "token")

    @property
    def transfers(self):
        """Whether orders are on their way: neither paused, nor does the portal rest, and HubSpot answers if asked."""
        return all(r.status <= Status.OK for r in self.results if r.check in ("connection", "token"))

    def as_text(self):
        """The report as text, for a mail."""
        lines = [f"{name}: {value}" for name, value in self.facts] + [""]
        for result in self.results:
            lines.append(f"[{result.status.word}] {result.title}")
            for finding in result.findings:
                lines.append(f"    {finding.status.word}: {finding.text}")
                if finding.hint:
                    lines.append(f"        {finding.hint}")
        return "\n".join(lines)

    def as_json(self):
        """The report for machines; the words of ``status`` are ok, warn, fail and skipped."""
        return {
            "status": self.status.word,
            "facts": dict(self.facts),
            "checks": [
                {
                    "check": result.check,
                    "title": result.title,
                    "status": result.status.word,
                    "findings": [{"status": f.status.word, "text": f.text, "hint": f.hint} for f in result.findings],
                }
                for result in self.results
            ],
        }
