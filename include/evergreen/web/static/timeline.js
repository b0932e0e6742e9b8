// The timeline of one model: metric with its interval, shares, and outcomes, batch by batch.
(function () {
  "use strict";
  var NARROW = 26;
  var DAY = /^(\d{4}-\d\d-\d\d)T.*$/; // of a batch that is named by its moment
  var tools = window.evergreenCharts;
  var box = document.querySelector("[data-timeline]");
  if (!box || !window.Chart || !tools) {
    return; // the table below has the same numbers
  }
  var data = JSON.parse(document.getElementById(box.dataset.timeline).textContent);
  // A narrow screen has room for the newest ones; the table below has all.
  var skipped = Math.max(0, data.points.length - (box.clientWidth < 600 ? NARROW : data.points.length));
  var points = data.points.slice(skipped);
  if (skipped) {
    box.querySelector("[data-skipped]").textContent = "The newest " + points.length +
      " decisions; the table has all " + data.points.length + ".";
  }
  var SHAPES = { good: "triangle", warn: "rectRot", bad: "crossRot", busy: "rect", calm: "circle" };

  function series(key, scale) {
    return points.map(function (point, i) {
      var value = point[key];
      return { x: i, y: value === null ? null : value * (scale || 1) };
    });
  }

  // Batches are named below the axis; as many as there is room for.
  function batches(palette, isShown) {
    return tools.axis(palette, "batch, in order of decision", {
      type: "linear",
      min: -0.5,
      max: points.length - 0.5,
      title: {
        display: isShown,
        text: "batch, in order of decision",
        color: palette["text-soft"],
        font: { size: 11 }
      },
      // The three charts stand below each other: no label may make one of them narrower.
      afterFit: function (scale) {
        scale.paddingLeft = scale.paddingRight = 0;
      },
      afterBuildTicks: function (scale) {
        var step = Math.max(1, Math.ceil(points.length / Math.max(2, Math.floor(scale.width / 92))));
        scale.ticks = [];
        for (var i = points.length - 1; i >= 0; i -= step) {
          scale.ticks.unshift({ value: i });
        }
      },
      ticks: {
        display: isShown,
        maxRotation: 0,
        autoSkip: false,
        callback: function (value) {
          var name = (points[value] ? points[value].batch : "").replace(DAY, "$1");
          return name.length > 12 ? name.slice(0, 11) + "…" : name;
        }
      }
    });
  }

  function told(point) {
    return [
      data.metric + " " + tools.number(point.metric) + " (95 %: " + tools.number(point.low) +
        " to " + tools.number(point.high) + ")",
      "at promotion " + tools.number(point.reference),
      "drifted " + percent(point.drifted) + " of features",
      "labels " + percent(point.coverage) + " of rows",
      point.outcome + ", decided " + point.decided
    ];
  }

  function percent(share) {
    return share === null ? "–" : (100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0) + " %";
  }

  // Whether a value stands between two unmeasured ones: no line and no band can show it.
  function isLone(key) {
    return function (i) {
      var around = [points[i - 1], points[i + 1]];
      return points[i][key] !== null && around.every(function (other) {
        return !other || other[key] === null;
      });
    };
  }

  // The interval of such a value, as an upright line.
  function intervals(palette) {
    return {
      id: "intervals",
      beforeDatasetsDraw: function (chart) {
        var pen = chart.ctx;
        var scale = chart.scales.y;
        pen.save();
        pen.strokeStyle = palette["chart-1"];
        pen.lineWidth = 1.5;
        points.forEach(function (point, i) {
          if (point.low === null || !isLone("low")(i)) {
            return;
          }
          var x = chart.scales.x.getPixelForValue(i);
          pen.beginPath();
          pen.moveTo(x, scale.getPixelForValue(point.low));
          pen.lineTo(x, scale.getPixelForValue(point.high));
          pen.stroke();
        });
        pen.restore();
      }
    };
  }

  // Vertical lines at each change of the champion, named at the top of the first chart.
  function moves(palette, isNamed) {
    return {
      id: "moves",
      afterDatasetsDraw: function (chart) {
        var area = chart.chartArea;
        var pen = chart.ctx;
        var free = area.left;
        pen.save();
        pen.font = "11px " + window.Chart.defaults.font.family;
        pen.lineWidth = 1;
        data.moves.forEach(function (move) {
          if (move.at - skipped < -0.5) {
            return;
          }
          var x = chart.scales.x.getPixelForValue(move.at - skipped);
          pen.strokeStyle = pen.fillStyle = palette[move.tone];
          pen.setLineDash([4, 3]);
          pen.beginPath();
          pen.moveTo(x, area.top);
          pen.lineTo(x, area.bottom);
          pen.stroke();
          var label = (move.kind === "rollback" ? "↩ " : "▲ ") + move.text;
          var width = pen.measureText(label).width;
          var left = Math.min(x + 3, area.right - width);
          if (isNamed && left >= free) {
            pen.fillText(label, left, area.top - 4);
            free = left + width + 6;
          }
        });
        pen.restore();
      }
    };
  }

  function options(palette, left, isLast) {
    return {
      layout: { padding: { top: 4, right: 34 }, autoPadding: false },
      interaction: { mode: "index", axis: "x", intersect: false },
      onClick: function (event, found) {
        if (found.length) {
          window.location.assign(points[found[0].index].href);
        }
      },
      scales: { x: batches(palette, isLast), y: left },
      plugins: {
        tooltip: Object.assign(tools.tooltip(palette, {
          title: function (found) {
            return found.length ? points[found[0].dataIndex].batch : "";
          },
          label: function () {
            return "";
          },
          afterBody: function (found) {
            return found.length ? told(points[found[0].dataIndex]) : [];
          }
        }), {
          filter: function (item, index) {
            return index === 0;
          }
        })
      }
    };
  }

  // The given radius, or a smaller one if the decisions are close together.
  function roomy(radius) {
    return function (context) {
      var room = (context.chart.width - 100) / Math.max(1, points.length);
      return Math.max(0.5, Math.min(radius, room * 0.42));
    };
  }

  function line(colour, key, more) {
    return Object.assign({
      data: series(key), borderColor: colour, backgroundColor: colour, borderWidth: 2,
      pointRadius: roomy(2.5), pointHoverRadius: 5, spanGaps: false, clip: 6
    }, more);
  }

  function drawMetric(canvas, palette) {
    var hidden = { borderWidth: 0, pointRadius: 0, pointHoverRadius: 0 };
    var settings = options(palette, tools.leftAxis(palette, data.metric, {
      ticks: { callback: function (value) { return Number(value.toPrecision(4)); } }
    }), false);
    settings.layout.padding.top = 18;
    return new window.Chart(canvas, {
      type: "line",
      data: {
        datasets: [
          line(palette["chart-1"], "metric"),
          line(palette["text-soft"], "reference",
            {
              borderWidth: 1.5, borderDash: [5, 4], stepped: "middle", pointStyle: "line",
              pointRadius: function (context) {
                return isLone("reference")(context.dataIndex) ? 9 : 0;
              }
            }),
          line(palette["chart-1"], "low", hidden),
          line(palette["chart-1"], "high",
            Object.assign({}, hidden, { backgroundColor: palette["chart-band"], fill: "-1" }))
        ]
      },
      options: settings,
      plugins: [intervals(palette), moves(palette, true)]
    });
  }

  function drawShares(canvas, palette) {
    return new window.Chart(canvas, {
      type: "line",
      data: {
        datasets: [
          line(palette["chart-2"], "drifted", { data: series("drifted", 100) }),
          line(palette["chart-3"], "coverage",
            { data: series("coverage", 100), borderDash: [2, 3], borderWidth: 1.8 })
        ]
      },
      options: options(palette, tools.leftAxis(palette, "share in %", {
        min: 0, max: 100, ticks: { stepSize: 50 }
      }), false),
      plugins: [moves(palette, false)]
    });
  }

  function drawOutcomes(canvas, palette) {
    var colour = points.map(function (point) { return palette[point.tone]; });
    var shape = points.map(function (point) { return SHAPES[point.tone]; });
    return new window.Chart(canvas, {
      type: "scatter",
      data: {
        datasets: [{
          data: points.map(function (point, i) { return { x: i, y: 0 }; }),
          pointStyle: shape, borderColor: colour, backgroundColor: colour,
          pointRadius: roomy(5), pointHoverRadius: roomy(7), borderWidth: 2
        }]
      },
      options: options(palette, tools.leftAxis(palette, "outcome", {
        min: -1, max: 1, ticks: { display: false }, grid: { display: false }
      }), true),
      plugins: [moves(palette, false)]
    });
  }

  var DRAWERS = { metric: drawMetric, shares: drawShares, outcomes: drawOutcomes };
  tools.keepDrawn(function (palette) {
    return Array.prototype.map.call(box.querySelectorAll("canvas"), function (canvas) {
      return DRAWERS[canvas.dataset.part](canvas, palette);
    });
  });
})();
