/* Rows of mappings: searching HubSpot fields, warnings while choosing, stages of a pipeline, focus after moving. */
/* global $ */
"use strict";

const hubspot = {
  rowField: function (row, name) { return row.querySelector('[name$="-' + name + '"]'); },

  rowData: function (row) {
    const data = new URLSearchParams();
    ["pretix_field", "external_field", "overwrite", "value_map", "text", "choices", "empty"].forEach(function (name) {
      const field = hubspot.rowField(row, name);
      data.set(name, (field && field.value) || "");
    });
    return data;
  },

  post: function (form, url, data) {
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    return fetch(url, { method: "POST", body: data, headers: { "X-CSRFToken": token } });
  },

  setValueMap: function (row, text) {
    const field = hubspot.rowField(row, "value_map");
    if (!field) return;
    field.value = text;
    row.querySelector("[data-hubspot-mapped]").classList.toggle("hidden", !text);
  },
};

hubspot.addField = function (select, field) {
  const known = Array.from(select.options).find(function (option) { return option.value === field.id; });
  if (!known) select.add(new Option(field.text, field.id));
  $(select).val(field.id).trigger("change");
};

$(function () {
  const PAGE_SIZE = 50;
  const MOVED_AFTER = 1100; // core's formset moves a row in the document after an animation of one second

  const listElement = document.getElementById("hubspot-fields");
  const hubspotFields = listElement ? JSON.parse(listElement.textContent) : [];
  document.addEventListener("hubspot:created", function (event) { hubspotFields.push(event.detail); });

  function found(term) {
    const words = (term || "").toLowerCase().split(/\s+/).filter(Boolean);
    return hubspotFields.filter(function (field) {
      const text = field.text.toLowerCase();
      return words.every(function (word) { return text.includes(word); });
    });
  }

  // All rows search one list; options are made for one page of results only, so that 1,000 properties stay quick.
  function searchable(select) {
    if ($(select).data("select2")) return;
    $(select).select2({
      theme: "bootstrap",
      language: document.body.getAttribute("data-select2-locale"),
      width: "100%",
      placeholder: "",
      ajax: {
        delay: 0,
        transport: function (params, success) {
          const page = params.data.page || 1;
          const all = found(params.data.term);
          success({
            results: all.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE),
            pagination: { more: all.length > page * PAGE_SIZE },
          });
          return { abort: function () {} };
        },
      },
    });
    // Newer versions of jQuery keep select2 from doing this by itself.
    $(select).on("select2:open", function () {
      const search = document.querySelector(".select2-container--open .select2-search__field");
      if (search) search.focus();
    });
    nameForScreenReaders(select);
  }

  function nameForScreenReaders(select) {
    const label = document.querySelector('label[for="' + select.id + '"]');
    const box = select.parentElement.querySelector(".select2-selection");
    if (!label || !box) return;
    label.id = label.id || "label-" + select.id;
    box.setAttribute("aria-labelledby", label.id + " " + (box.getAttribute("aria-labelledby") || ""));
    box.querySelector(".select2-selection__rendered").setAttribute("aria-labelledby", label.id);
    // As ARIA 1.2 asks of a combobox; select2 still says it as ARIA 1.0 did.
    $(select).on("select2:open", function () { box.setAttribute("aria-controls", box.getAttribute("aria-owns")); });
  }

  function showNotes(row, notes, warning) {
    const box = row.querySelector("[data-hubspot-notes]");
    box.replaceChildren(...notes.map(function (note) {
      const line = document.createElement("p");
      line.className = "text-warning";
      const icon = document.createElement("span");
      icon.className = "fa fa-warning";
      icon.setAttribute("aria-hidden", "true");
      const word = document.createElement("span");
      word.className = "sr-only";
      word.textContent = warning + ": ";
      line.append(icon, " ", word, note);
      return line;
    }));
  }

  // The server knows which types go together; nothing of its table is repeated here.
  function check(row, form) {
    const data = hubspot.rowData(row);
    const asked = data.toString();
    row.dataset.asked = asked;
    hubspot.post(form, form.dataset.checkUrl, data)
      .then(function (response) { return response.ok ? response.json() : Promise.reject(response); })
      .then(function (answer) {
        if (row.dataset.asked !== asked) return;
        showNotes(row, answer.notes, form.dataset.warningText);
        row.querySelector("[data-hubspot-options]").replaceChildren(...answer.options.map(function (label) {
          return new Option("", label);
        }));
        row.querySelector("[data-hubspot-map-values]").classList.toggle("hidden", !answer.takes_value_map);
        row.querySelector("[data-hubspot-choices]").classList.toggle("hidden", !answer.takes_choices);
      })
      .catch(function () { /* the warning is a service; saving says the same */ });
  }

  function showText(row, source) {
    const box = row.querySelector("[data-hubspot-constant]");
    box.classList.toggle("hidden", source !== box.dataset.hubspotConstant);
  }

  // Only Overwrite can empty something, and a constant text is never empty.
  function showEmpty(row) {
    const box = row.querySelector("[data-hubspot-empty]");
    const constant = row.querySelector("[data-hubspot-constant]").dataset.hubspotConstant;
    const asked = hubspot.rowField(row, "overwrite").value === box.dataset.hubspotEmpty;
    box.classList.toggle("hidden", !asked || hubspot.rowField(row, "pretix_field").value === constant);
  }

  function prepareRows(root) {
    root.querySelectorAll("[data-hubspot-field]").forEach(searchable);
  }

  function prepareEditor(form) {
    prepareRows(form);
    // On the formset itself: core's handler there stops the event from going further.
    $(form).find("[data-formset]").on("formAdded", "[data-formset-form]", function () { prepareRows(this); });
    // jQuery's event, since select2 triggers no native one.
    $(form).on("change", "[data-formset-form] select, [data-formset-form] input[type=text]", function () {
      const row = this.closest("[data-formset-form]");
      if (/-(pretix|external)_field$/.test(this.name)) hubspot.setValueMap(row, "");  // it was about other values
      if (this.name.endsWith("-pretix_field")) showText(row, this.value);
      showEmpty(row);
      check(row, form);
    });
    form.addEventListener("hubspot:mapped", function (event) { check(event.target, form); });
  }

  function preparePipeline(box) {
    const stages = JSON.parse(document.querySelector(box.dataset.hubspotPipeline).textContent);
    const pipeline = box.querySelector('select[name$="-pipeline"]');
    const selects = box.querySelectorAll('select[name*="-stage_"]');
    function update() {
      const own = stages[pipeline.value];
      selects.forEach(function (select) {
        select.closest(".form-group").classList.toggle("hidden", !pipeline.value);
        select.querySelectorAll("option").forEach(function (option) {
          const foreign = Boolean(option.value && own && !own.includes(option.value) && !option.defaultSelected);
          option.hidden = option.disabled = foreign;
          if (foreign && option.selected) select.value = "";
        });
        select.querySelectorAll("optgroup").forEach(function (group) {
          group.hidden = Array.from(group.children).every(function (option) { return option.hidden; });
        });
      });
    }
    pipeline.addEventListener("change", update);
    update();
  }

  // A row that moves in the document loses the focus; give it back to those who move it by keyboard.
  $("[data-formset]").on("click", "[data-formset-move-up-button], [data-formset-move-down-button]", function () {
    const button = this;
    window.setTimeout(function () {
      if (document.activeElement === document.body || document.activeElement === button) button.focus();
    }, MOVED_AFTER);
  });
  $("[data-formset]").on("click", "[data-formset-add]", function () {
    const rows = this.closest("[data-formset]").querySelectorAll("[data-formset-form]");
    const first = rows.length && rows[rows.length - 1].querySelector("select");
    if (first) window.setTimeout(function () { first.focus(); });
  });

  // Why nothing was saved: read out first, and each reason leads to its field, however that is hidden or replaced.
  function prepareMistakes(box) {
    box.focus();
    // Core's script, which is ready about now, adds the same fields to the first box of this kind, without reasons.
    window.setTimeout(function () {
      box.querySelectorAll("li:not([data-hubspot-mistake])").forEach(function (line) { line.remove(); });
    });
    box.addEventListener("click", function (event) {
      const link = event.target.closest("a");
      const field = link && document.getElementById(link.hash.slice(1));
      if (!field) return;
      event.preventDefault();
      const folded = field.closest("details");
      if (folded) folded.open = true;
      const shown = field.parentElement.querySelector(".select2-selection") || field;
      shown.scrollIntoView({ block: "center" });
      shown.focus();
    });
  }

  document.querySelectorAll("[data-hubspot-mistakes]").forEach(prepareMistakes);
  document.querySelectorAll("[data-hubspot-editor]").forEach(prepareEditor);
  document.querySelectorAll("[data-hubspot-pipeline]").forEach(preparePipeline);
});
