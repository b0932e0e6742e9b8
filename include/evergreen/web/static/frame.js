// Two extras of every page; the pages work without them.
//
// Commands get a button that copies them. Inside Airflow the pages are in a frame that may neither
// open windows nor navigate away, so the surrounding page follows the links that lead out.
(function () {
  "use strict";

  function outside() {
    try {
      return window.top !== window && window.top.document ? window.top.document : null;
    } catch (error) {
      return null; // a frame of another site: let the browser decide
    }
  }

  function addCopyButton(block) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(block.querySelector("code").textContent.trim()).then(
        function () { button.textContent = "Copied"; },
        function () { button.textContent = "Copy by hand"; }
      );
    });
    block.parentNode.insertBefore(button, block.nextSibling);
  }

  if (navigator.clipboard) {
    document.querySelectorAll(".prose pre, .answers pre").forEach(addCopyButton);
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest ? event.target.closest("a[data-leave]") : null;
    var around = outside();
    if (!link || !around || event.button !== 0 || event.ctrlKey || event.metaKey) {
      return;
    }
    event.preventDefault();
    var copy = around.createElement("a");
    copy.href = link.href;
    if (link.dataset.leave === "tab") {
      copy.target = "_blank";
      copy.rel = "noopener noreferrer";
    }
    around.body.appendChild(copy);
    copy.click();
    copy.remove();
  });
})();
