/* What every page must satisfy, whatever it is about; answers with sentences about what it does not. */
(root) => {
  const content = document.querySelector(root) || document.body;
  const shown = (element) => element.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true });
  const words = (id) => (document.getElementById(id) || { textContent: "" }).textContent;
  const nameOf = (element) => [
    element.getAttribute("aria-label"),
    ...(element.getAttribute("aria-labelledby") || "").split(/\s+/).map(words),
    ...Array.from(element.labels || [], (label) => label.textContent),
    element.matches("button, a, summary") ? element.textContent : "",
    element.matches("input[type=submit], input[type=button]") ? element.value : "",
    element.title,
    element.placeholder,
  ].join("").trim();
  const outline = (element) => element.outerHTML.split("\n")[0].slice(0, 160);
  const found = [];

  const controls = "input:not([type=hidden]), select, textarea, button, a.btn, summary, [role=combobox]";
  for (const element of content.querySelectorAll(controls)) {
    if (shown(element) && !nameOf(element)) found.push("has no accessible name: " + outline(element));
  }

  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width + 1) {
    const wide = Array.from(content.querySelectorAll("*"))
      .filter((element) => shown(element) && element.getBoundingClientRect().right > width + 1)
      .slice(-3).map(outline);
    found.push("is " + document.documentElement.scrollWidth + " pixels wide: " + wide.join(" … "));
  }

  for (const buttons of content.querySelectorAll(".hubspot-row-buttons")) {
    const button = buttons.querySelector(".btn"), field = buttons.previousElementSibling.querySelector("select");
    if (!button || !shown(button) || !field) continue;
    const [one, other] = [button.getBoundingClientRect(), field.getBoundingClientRect()];
    if (one.left < other.right && one.bottom > other.top && one.top < other.bottom) {
      found.push("has a button over a field: " + outline(field));
    }
  }

  const ids = Array.from(content.querySelectorAll("[id]"), (element) => element.id);
  for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) {
    found.push("has the id twice: " + id);
  }
  return found;
}
