/* The dialogs of the editor: the server renders their content, the browser's own <dialog> keeps the focus inside. */
/* global hubspot */
"use strict";

document.addEventListener("DOMContentLoaded", function () {
  const dialog = document.querySelector("[data-hubspot-dialog]");
  const form = document.querySelector("[data-hubspot-editor]");
  if (!dialog || !form) return;
  let row = null;
  const rowToFix = Array.from(form.querySelectorAll("[data-formset-form], [data-hubspot-identifier]"))
    .find(function (each) {
      return form.dataset.fix && hubspot.rowField(each, "external_field").value === form.dataset.fix;
    });

  function show(html) {
    dialog.innerHTML = html;
    prepareSearch();
    if (!dialog.open) dialog.showModal();
    const title = dialog.querySelector("h2");
    title.tabIndex = -1;
    title.focus();
  }

  function failed() {
    const line = document.createElement("p");
    line.className = "alert alert-danger";
    line.setAttribute("role", "alert");
    line.textContent = form.dataset.failedText;
    dialog.prepend(line);
    if (!dialog.open) dialog.showModal();
  }

  function load(url, data) {
    dialog.setAttribute("aria-busy", "true");
    dialog.querySelectorAll("button").forEach(function (button) { button.disabled = true; });
    return hubspot.post(form, url, data)
      .then(function (response) {
        if (!response.ok) throw new Error(response.status);
        const json = (response.headers.get("Content-Type") || "").includes("json");
        return json ? response.json().then(created) : response.text().then(show);
      })
      .catch(function () {
        dialog.querySelectorAll("button").forEach(function (button) { button.disabled = false; });
        failed();
      })
      .then(function () { dialog.removeAttribute("aria-busy"); });
  }

  // Map values

  function choices() { return Array.from(dialog.querySelectorAll("[data-hubspot-choice]")); }

  // Where there are many options, they stand in one list, and a row is a text that names one of them.
  const searched = new Map();  // text -> value

  function prepareSearch() {
    searched.clear();
    const texts = new Map();
    dialog.querySelectorAll("datalist option").forEach(function (option) {
      searched.set(option.value, option.dataset.value);
      texts.set(option.dataset.value, option.value);
    });
    choices().forEach(function (field) {
      if ("hubspotValue" in field.dataset) field.value = texts.get(field.dataset.hubspotValue) || "";
    });
  }

  function valueOf(field) { return field.list ? searched.get(field.value.trim()) : field.value; }

  function undecided(field) {
    return field.list ? !searched.has(field.value.trim()) : field.selectedOptions[0].hasAttribute("data-undecided");
  }

  // A text that names no option is no decision: it is shown, and nothing is applied.
  function mistyped() {
    const odd = choices().find(function (field) { return field.list && field.value.trim() && undecided(field); });
    if (!odd) return false;
    odd.setCustomValidity(odd.list.dataset.unknownText);
    odd.reportValidity();
    odd.addEventListener("input", function () { odd.setCustomValidity(""); }, { once: true });
    return true;
  }

  function chosen() {
    return JSON.stringify(Object.fromEntries(
      choices().filter(function (field) { return !undecided(field); })
        .map(function (field) { return [field.dataset.hubspotChoice, valueOf(field)]; })));
  }

  function apply(text) {
    hubspot.setValueMap(row, text === "{}" ? "" : text);
    dialog.close();
    row.dispatchEvent(new Event("hubspot:mapped", { bubbles: true }));
  }

  function valuesData() {
    const data = hubspot.rowData(row);
    if (row === rowToFix) data.set("fix", "on");  // then the dialog offers to save at once
    return data;
  }

  function create() {
    const data = valuesData();
    data.set("value_map", chosen());
    choices().filter(undecided).forEach(function (field) { data.append("create", field.dataset.hubspotChoice); });
    load(form.dataset.valuesUrl, data);
  }

  form.addEventListener("click", function (event) {
    const button = event.target.closest("[data-hubspot-map-values]");
    if (!button) return;
    row = button.closest("[data-formset-form]");
    dialog.replaceChildren();
    load(form.dataset.valuesUrl, valuesData());
  });

  // Create HubSpot field

  function newPropertyData() {
    const data = hubspot.rowData(row);
    if (row.hasAttribute("data-hubspot-identifier")) data.set("identifier", "on");
    return data;
  }

  function created(field) {
    dialog.close();
    document.dispatchEvent(new CustomEvent("hubspot:created", { detail: field }));
    hubspot.addField(hubspot.rowField(row, "external_field"), field);
  }

  form.addEventListener("click", function (event) {
    const button = event.target.closest("[data-hubspot-new-property]");
    if (!button) return;
    row = button.closest("[data-formset-form], [data-hubspot-identifier]");
    dialog.replaceChildren();
    load(form.dataset.newPropertyUrl, newPropertyData());
  });

  dialog.addEventListener("submit", function (event) {
    event.preventDefault();
    const data = newPropertyData();
    new FormData(event.target).forEach(function (value, name) { data.set(name, value); });
    data.set("create", "on");
    load(form.dataset.newPropertyUrl, data);
  });

  dialog.addEventListener("click", function (event) {
    if (event.target.closest("[data-hubspot-close]")) dialog.close();
    else if (event.target.closest("[data-hubspot-apply], [data-hubspot-create]") && mistyped()) return;
    else if (event.target.closest("[data-hubspot-apply=save]")) { apply(chosen()); form.requestSubmit(); }
    else if (event.target.closest("[data-hubspot-apply]")) apply(chosen());
    else if (event.target.closest("[data-hubspot-unmap]")) apply("");
    else if (event.target.closest("[data-hubspot-create]")) create();
  });

  // Whoever comes from a sync problem lands at its row, and in its value map where that is the place.
  if (rowToFix) {
    rowToFix.classList.add("hubspot-row-to-fix");
    rowToFix.scrollIntoView({ block: "center" });
    const values = rowToFix.querySelector("[data-hubspot-map-values]:not(.hidden)");
    if (values && "fixValues" in form.dataset) values.click();
  }
});
