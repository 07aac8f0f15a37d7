"""What a browser would send of a form, read from its page."""

from bs4 import BeautifulSoup


def drawn(content, page, action):
    """The pairs that a browser sends of a page's form."""
    forms = BeautifulSoup(content, "html.parser").find_all("form", method="post")
    (form,) = [form for form in forms if (form.get("action") or page) == action]
    pairs = []
    for control in form.find_all(["input", "select", "textarea"]):
        name, kind = control.get("name"), control.get("type")
        if not name or kind in ("checkbox", "radio") and not control.has_attr("checked"):
            continue
        if control.name == "select":
            chosen = [option for option in control.find_all("option") if option.has_attr("selected")]
            pairs += [(name, option.get("value", "")) for option in chosen or control.find_all("option")[:1]]
        else:
            value = control.get("value", "on" if kind == "checkbox" else "")
            pairs.append((name, control.get_text() if control.name == "textarea" else value))
    return pairs
