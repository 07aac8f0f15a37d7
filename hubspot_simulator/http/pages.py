"""The frame of every page that the simulator shows to people."""

from html import escape
from string import Template

_FRAME = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title><style>
:root { color-scheme: light; --ink: #213343; --quiet: #516f90; --line: #cbd6e2; --accent: #b0351e; --paper: #f5f8fa }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
header { background: var(--ink); color: #fff; padding: .6rem 1rem } header a { color: #fff; text-decoration: none }
header small { color: #cbd6e2; margin-left: .6rem }
main { max-width: 68rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem; margin: .5rem 0 } h2 { font-size: 1.15rem; margin: 1.5rem 0 .5rem }
a { color: #00647a } a:focus-visible, button:focus-visible, select:focus-visible { outline: 3px solid #00a4bd }
.scroll { overflow-x: auto; background: #fff; border: 1px solid var(--line); border-radius: 6px }
table { border-collapse: collapse; width: 100% }
caption { text-align: left; padding: .5rem .75rem; color: var(--quiet) }
th, td { text-align: left; padding: .45rem .75rem; border-top: 1px solid var(--line); vertical-align: top }
td { overflow-wrap: anywhere } nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .5rem; padding: 0 }
nav a { display: block; background: #fff; border: 1px solid var(--line); border-radius: 6px; padding: .4rem .7rem }
nav a[aria-current] { border-color: var(--accent); font-weight: 600 }
button, select { font: inherit; padding: .5rem 1rem; border-radius: 6px; border: 1px solid var(--quiet) }
button, select { background: #fff }
button.primary { background: var(--accent); border-color: var(--accent); color: #fff }
.quiet { color: var(--quiet) } .bad { color: #b0351e; font-weight: 600 } .scopes { columns: 18rem }
</style></head><body><header><a href="/"><strong>HubSpot simulator</strong></a><small>not HubSpot</small></header>
<main>$body</main></body></html>""")


def page(title: str, body: str) -> str:
    """A whole page; ``body`` is HTML already, ``title`` is not."""
    return _FRAME.substitute(title=escape(title), body=body)
