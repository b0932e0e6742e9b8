// The score of each policy of a back-test over time, and what it did; draws all charts of the page.
(function () {
  "use strict";
  var LEFT = 88;
  var ROW = 22;
  var SCORES = 220;
  var ROWS = ["retrained", "promoted", "alarm", "quarantine"];
  var SHAPES = { retrained: "line", promoted: "triangle", alarm: "rectRot", quarantine: "rect" };
  var COLOURS = ["never", "every", "periodic", "thresholds", "default", "other0", "other1", "other2",
    "gain", "reach", "alarm", "quarantine"];
  var tools = window.evergreenCharts;
  var data = JSON.parse(document.getElementById("figures").textContent);
  var last = data.batches.length - 1;

  function find(name) {
    return data.policies.find(function (policy) { return policy.name === name; });
  }

  function percent(share) {
    return Math.round(100 * share) + "%";
  }

  function line(palette, policy, more) {
    return Object.assign({
      type: "line", yAxisID: "y", label: policy.name, borderColor: palette[policy.colour], borderWidth: 1,
      backgroundColor: palette[policy.colour], pointHoverRadius: 4, spanGaps: false,
      data: policy.scores.map(function (score, i) { return { x: i, y: score }; }),
      // A score without neighbours makes no line.
      pointRadius: function (context) {
        var i = context.dataIndex;
        var around = [policy.scores[i - 1], policy.scores[i + 1]];
        return around.some(function (other) { return typeof other === "number"; }) ? 0 : 2.5;
      }
    }, more);
  }

  function bounds(palette, isStrong, own) {
    var looks = { never: { borderDash: [4, 3] }, every: {} };
    return ["never", "every"].map(find).filter(function (policy) {
      return policy && policy !== own;
    }).map(function (policy) {
      return line(palette, policy, Object.assign({ borderWidth: isStrong ? 1.8 : 1.2 },
        looks[policy.name]));
    });
  }

  // Ticks for as many batches as there is room for.
  function batchAxis(palette) {
    return tools.axis(palette, data.axis, {
      type: "linear", min: -0.5, max: last + 0.5, grid: { display: false },
      afterBuildTicks: function (scale) {
        var step = Math.max(1, Math.ceil(data.batches.length / Math.max(2, scale.width / 100)));
        scale.ticks = [];
        for (var i = 0; i <= last; i += step) {
          scale.ticks.push({ value: i });
        }
      },
      ticks: {
        autoSkip: false, maxRotation: 0,
        callback: function (value) { return data.ticks[value]; }
      }
    });
  }

  function scoreAxis(palette, more) {
    return tools.axis(palette, data.metric, Object.assign({
      min: data.range[0], max: data.range[1],
      afterFit: function (scale) { scale.width = LEFT; },
      ticks: { includeBounds: false, maxTicksLimit: 5 }
    }, more));
  }

  function rowAxis(palette, rows) {
    return tools.axis(palette, "events", {
      type: "linear", axis: "y", position: "left", reverse: true, min: -0.5, max: rows.length - 0.5,
      stack: "left", stackWeight: ROW * Math.max(2, rows.length), grid: { display: false },
      afterFit: function (scale) { scale.width = LEFT; },
      afterBuildTicks: function (scale) {
        scale.ticks = rows.map(function (row, i) { return { value: i }; });
      },
      ticks: { autoSkip: false, callback: function (value) { return rows[value]; } }
    });
  }

  // The score of each policy at a batch, as it was measured, and what happened to the own one.
  function told(batch, own) {
    var order = [own, find("every"), find("never")].filter(function (policy, i, all) {
      return policy && all.indexOf(policy) === i;
    });
    var scores = order.map(function (policy) {
      return policy.name + " " + tools.number(policy.measured[batch]);
    });
    return scores.concat(own.marks.filter(function (mark) {
      return mark.batch === batch;
    }).map(function (mark) {
      return mark.row + (mark.share < 1 ? " on " + percent(mark.share) + " of the window" : "");
    }));
  }

  function options(palette, scales, own) {
    return {
      layout: { padding: { right: 14 } },
      interaction: { mode: "nearest", axis: "x", intersect: false },
      scales: scales,
      plugins: {
        legend: {
          display: true, align: "end",
          labels: {
            color: palette.text, boxWidth: 26, boxHeight: 0,
            filter: function (item) { return Boolean(item.text); }
          },
          onClick: null
        },
        tooltip: Object.assign(tools.tooltip(palette, {
          title: function (found) { return found.length ? data.batches[found[0].parsed.x] : ""; },
          label: function () { return ""; },
          afterBody: function (found) { return found.length ? told(found[0].parsed.x, own) : []; }
        }), { filter: function (item, index) { return index === 0; } })
      }
    };
  }

  function drawAvailable(canvas, palette) {
    var sets = bounds(palette, true, null);
    if (sets.length === 2) {
      sets[1].fill = { target: 0, above: palette.gain, below: palette.gain };
    }
    return new window.Chart(canvas, {
      data: { datasets: sets },
      options: options(palette, { x: batchAxis(palette), y: scoreAxis(palette) },
        find("every") || find("never"))
    });
  }

  // Shaded where a batch was quarantined; an upright line where another model became champion.
  function moments(palette, own) {
    return {
      id: "moments",
      beforeDatasetsDraw: function (chart) {
        var pen = chart.ctx;
        var x = chart.scales.x;
        var y = chart.scales.y;
        var half = Math.max(1, (x.getPixelForValue(1) - x.getPixelForValue(0)) / 2);
        pen.save();
        own.marks.forEach(function (mark) {
          var at = x.getPixelForValue(mark.batch);
          if (mark.row === "quarantine") {
            pen.fillStyle = palette.quarantine;
            pen.fillRect(at - half, y.top, 2 * half, y.height);
          } else if (mark.row === "promoted") {
            pen.globalAlpha = 0.3;
            pen.fillStyle = palette[own.colour];
            pen.fillRect(at - 0.5, y.top, 1, y.height);
            pen.globalAlpha = 1;
          }
        });
        pen.restore();
      }
    };
  }

  // One set of marks per row; the bar of a training is as long as the share of the window.
  function marks(palette, own, row, place) {
    var found = own.marks.filter(function (mark) { return mark.row === row; });
    var colour = palette[{ alarm: "alarm", quarantine: "line" }[row] || own.colour];
    var isBar = row === "retrained";
    return {
      type: "scatter", yAxisID: "rows", pointStyle: SHAPES[row], rotation: isBar ? 90 : 0, clip: false,
      data: found.map(function (mark) { return { x: mark.batch, y: place }; }),
      backgroundColor: colour, borderColor: colour, borderWidth: isBar ? 4 : 0,
      pointHoverBorderWidth: isBar ? 4 : 0, hoverBorderWidth: isBar ? 4 : 0,
      pointRadius: function (context) {
        var mark = found[context.dataIndex];
        return isBar && mark ? 7 * Math.max(0.25, Math.min(mark.share, 1)) : 5;
      }
    };
  }

  function drawPolicy(canvas, palette) {
    var own = data.policies[Number(canvas.dataset.policy)];
    var rows = ROWS.filter(function (row) {
      return own.marks.some(function (mark) { return mark.row === row; });
    });
    var scales = {
      x: batchAxis(palette),
      y: scoreAxis(palette, rows.length ? { stack: "left", stackWeight: SCORES } : {})
    };
    if (rows.length) {
      // Chart.js stacks from below: the last one named stands at the top.
      scales = { x: scales.x, rows: rowAxis(palette, rows), y: scales.y };
    }
    var sets = [line(palette, own, { borderWidth: 2.2 })].concat(bounds(palette, false, own));
    return new window.Chart(canvas, {
      data: {
        datasets: sets.concat(rows.map(function (row, i) { return marks(palette, own, row, i); }))
      },
      plugins: [moments(palette, own)],
      options: options(palette, scales, own)
    });
  }

  var DRAWERS = { frontier: window.drawFrontier, available: drawAvailable, policy: drawPolicy };
  tools.keepDrawn(function (palette) {
    return Array.prototype.map.call(document.querySelectorAll("canvas[data-chart]"), function (canvas) {
      return DRAWERS[canvas.dataset.chart](canvas, palette);
    });
  }, COLOURS);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () {
    document.dispatchEvent(new CustomEvent("evergreen:theme"));
  });
})();
