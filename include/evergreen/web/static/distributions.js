// The distribution of one feature in the champion's reference and in the batch, bin by bin.
(function () {
  "use strict";
  var tools = window.evergreenCharts;
  var box = document.querySelector("[data-bins]");
  if (!box || !window.Chart || !tools) {
    return; // the table of features works without it
  }
  var pick = box.querySelector("select");
  var canvas = box.querySelector("canvas");
  var status = box.querySelector("[role=status]");
  var table = box.querySelector("details > div");
  var shown = null;
  var redraw = null;

  function percent(share) {
    return (100 * share).toFixed(1) + " %";
  }

  function cell(row, kind, text) {
    var made = document.createElement(kind);
    made.textContent = text;
    row.appendChild(made);
  }

  function tell(bins) {
    var made = document.createElement("table");
    var head = made.createTHead().insertRow();
    ["Bin", "Champion's reference, % of rows", "Batch, % of rows"].forEach(function (text) {
      cell(head, "th", text);
    });
    var body = made.createTBody();
    bins.labels.forEach(function (label, i) {
      var row = body.insertRow();
      cell(row, "th", label);
      cell(row, "td", percent(bins.reference[i]));
      cell(row, "td", percent(bins.current[i]));
    });
    table.replaceChildren(made);
  }

  function bars(colour, name, shares) {
    return {
      label: name, data: shares.map(function (share) { return 100 * share; }),
      backgroundColor: colour, categoryPercentage: 0.8, barPercentage: 0.95
    };
  }

  function draw(palette) {
    if (!shown) {
      return [];
    }
    return [new window.Chart(canvas, {
      type: "bar",
      data: {
        labels: shown.labels,
        datasets: [
          bars(palette.calm, "champion's reference", shown.reference),
          bars(palette["chart-2"], "batch", shown.current)
        ]
      },
      options: {
        scales: {
          x: tools.axis(palette, "bins of " + shown.feature, {
            grid: { display: false },
            ticks: {
              maxRotation: 40,
              maxTicksLimit: 30,
              callback: function (value) {
                var label = this.getLabelForValue(value);
                return label.length > 18 ? label.slice(0, 17) + "…" : label;
              }
            }
          }),
          y: tools.leftAxis(palette, "% of rows", { min: 0 })
        },
        plugins: {
          legend: { display: true, position: "top", align: "end",
            labels: { color: palette.text, boxWidth: 12, boxHeight: 12 } },
          tooltip: tools.tooltip(palette, {
            label: function (item) {
              return item.dataset.label + " " + item.parsed.y.toFixed(1) + " % of rows";
            }
          })
        }
      }
    })];
  }

  function show(bins) {
    shown = bins;
    status.textContent = "";
    reveal(true);
    tell(bins);
    if (redraw) {
      redraw();
    } else {
      redraw = tools.keepDrawn(draw);
    }
  }

  function reveal(isThere) {
    canvas.parentNode.hidden = table.parentNode.hidden = !isThere;
  }

  function load() {
    var feature = pick.value;
    var asked = new URLSearchParams({ feature: feature });
    status.textContent = "Loading …";
    fetch(box.dataset.bins + "?" + asked, { headers: { Accept: "application/json" } })
      .then(function (answer) {
        return answer.json().then(function (body) {
          if (!answer.ok) {
            throw new Error(typeof body.detail === "string" ? body.detail : "HTTP " + answer.status);
          }
          return body;
        });
      })
      .then(function (bins) {
        if (feature === pick.value) {
          show(bins);
        }
      })
      .catch(function (error) {
        reveal(false);
        status.textContent = "No distribution to show: " + error.message;
      });
  }

  box.hidden = false;
  pick.addEventListener("change", load);
  load();
})();
