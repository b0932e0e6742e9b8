// Light or dark, as Airflow's own pages: they store "light", "dark" or "system" under "theme".
// Without it, or with "system", the style sheet follows the setting of the operating system.
(function () {
  "use strict";
  var KEY = "theme";

  function apply() {
    var chosen = null;
    try {
      chosen = window.localStorage.getItem(KEY);
    } catch (error) {
      chosen = null; // no access to storage: follow the operating system
    }
    if (chosen === "light" || chosen === "dark") {
      document.documentElement.dataset.theme = chosen;
    } else {
      delete document.documentElement.dataset.theme;
    }
    document.dispatchEvent(new CustomEvent("evergreen:theme"));
  }

  apply();
  window.addEventListener("storage", function (event) {
    if (event.key === KEY || event.key === null) {
      apply();
    }
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
})();
