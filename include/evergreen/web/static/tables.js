// Wide tables become lists of cards on a narrow screen: every cell gets the name of its column.
//
// Without this script they stay tables that scroll sideways. Roles are set because browsers drop the
// table semantics once CSS lays out the rows in another way.
(function () {
  "use strict";

  function labelOf(head) {
    var unit = head.querySelector("small");
    var name = unit ? head.textContent.replace(unit.textContent, "") : head.textContent;
    return name.trim() + (unit ? ", " + unit.textContent.trim() : "");
  }

  function setRoles(table) {
    var roles = { thead: "rowgroup", tbody: "rowgroup", tr: "row", td: "cell" };
    table.setAttribute("role", "table");
    Object.keys(roles).forEach(function (tag) {
      table.querySelectorAll(tag).forEach(function (part) {
        part.setAttribute("role", roles[tag]);
      });
    });
    table.querySelectorAll("th").forEach(function (head) {
      head.setAttribute("role", head.scope === "row" ? "rowheader" : "columnheader");
    });
  }

  document.querySelectorAll(".scroll > table").forEach(function (table) {
    if (!table.tHead) {
      return;
    }
    var labels = Array.prototype.map.call(table.tHead.rows[0].cells, labelOf);
    Array.prototype.forEach.call(table.tBodies[0].rows, function (row) {
      Array.prototype.forEach.call(row.cells, function (cell, i) {
        if (["", "–"].indexOf(cell.textContent.trim()) >= 0) {
          cell.classList.add("blank");
        }
        cell.dataset.label = labels[i];
      });
    });
    setRoles(table);
    table.classList.add("stacks");
  });
})();
