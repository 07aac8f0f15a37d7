/* Looks every two seconds whether the test order has arrived. */
"use strict";

document.addEventListener("DOMContentLoaded", function () {
  const INTERVAL = 2000;
  const SELECTOR = "[data-hubspot-poll]";

  function look() {
    const box = document.querySelector(SELECTOR);
    if (!box || box.getAttribute("data-hubspot-poll") !== "on") return;
    window.setTimeout(function () {
      fetch(window.location.href, { credentials: "same-origin" })
        .then(function (response) { return response.text(); })
        .then(function (html) {
          const fresh = new DOMParser().parseFromString(html, "text/html").querySelector(SELECTOR);
          if (fresh) {
            box.setAttribute("data-hubspot-poll", fresh.getAttribute("data-hubspot-poll"));
            if (fresh.textContent !== box.textContent) box.replaceChildren(...fresh.childNodes);
          }
        })
        .catch(function () { /* offline for a moment; look again */ })
        .then(look);
    }, INTERVAL);
  }

  look();
});
