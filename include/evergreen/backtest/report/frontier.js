// What each policy of a back-test kept against what it cost, and the frontier of the best.
(function () {
  "use strict";
  var tools = window.evergreenCharts;
  var data = JSON.parse(document.getElementById("figures").textContent);

  function percent(share) {
    return Math.round(100 * share) + "%";
  }

  // A budget between two policies buys the cheaper one, so the frontier goes right, then up.
  function frontierPath() {
    var best = data.frontier.points.filter(function (point) { return point.is_best; });
    best.sort(function (a, b) { return a.cost - b.cost; });
    var path = best.map(function (point) { return { x: point.cost, y: point.value }; });
    return path.length ? path.concat({ x: costLimit(), y: path[path.length - 1].y }) : [];
  }

  function costLimit() {
    return data.frontier.points.reduce(function (most, point) {
      return Math.max(most, point.cost);
    }, 1);
  }

  function valueRange() {
    var values = data.frontier.points.map(function (point) { return point.value; });
    var low = values.length ? Math.min.apply(null, values) : 0;
    var high = values.length ? Math.max.apply(null, values) : 1;
    var room = 0.08 * (high - low || 0.02);
    return { min: low - 2 * room, max: high + room }; // a name has room below its point
  }

  function overlap(a, b) {
    var wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    var high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    return Math.max(wide, 0) * Math.max(high, 0);
  }

  // Where a name of this width may stand, the best first: beside its point, then farther away.
  function places(x, y, width) {
    var found = [];
    [-15, -34, 4, -50, 20, 40].forEach(function (down) {
      [x + 11, x - 11 - width].forEach(function (left) {
        found.push({ left: left, right: left + width, top: y + down, bottom: y + down + 30 });
      });
    });
    [-42, 10].forEach(function (down) {
      var left = x - width / 2;
      found.push({ left: left, right: left + width, top: y + down, bottom: y + down + 30 });
    });
    return found;
  }

  // What a name should not cover: the points and the frontier.
  function covered(chart, path) {
    var x = chart.scales.x;
    var y = chart.scales.y;
    var boxes = data.frontier.points.map(function (point) {
      var at = { x: x.getPixelForValue(point.cost), y: y.getPixelForValue(point.value) };
      return { left: at.x - 7, right: at.x + 7, top: at.y - 7, bottom: at.y + 7 };
    });
    path.slice(1).forEach(function (corner, i) {
      var from = { x: x.getPixelForValue(path[i].x), y: y.getPixelForValue(path[i].y) };
      var to = { x: x.getPixelForValue(corner.x), y: y.getPixelForValue(corner.y) };
      boxes.push({ left: from.x, right: to.x, top: from.y - 2, bottom: from.y + 2 });
      boxes.push({ left: to.x - 2, right: to.x + 2, top: Math.min(from.y, to.y),
        bottom: Math.max(from.y, to.y) });
    });
    return boxes;
  }

  function brief(name) {
    return name.length > 24 ? name.slice(0, 23) + "…" : name;
  }

  // The name of each policy and what it kept for its cost, beside its point.
  function names(palette, path) {
    return {
      id: "names",
      afterDatasetsDraw: function (chart) {
        var pen = chart.ctx;
        var area = chart.chartArea;
        var family = window.Chart.defaults.font.family;
        var taken = covered(chart, path);
        var lines = [["600 13px " + family, palette.text], ["12px " + family, palette["text-soft"]]];
        pen.save();
        pen.lineJoin = "round";
        pen.lineWidth = 4;
        pen.strokeStyle = palette.panel;
        data.frontier.points.forEach(function (point) {
          var texts = [brief(point.name), point.note];
          var width = Math.max.apply(null, texts.map(function (text, i) {
            pen.font = lines[i][0];
            return pen.measureText(text).width;
          }));
          var all = places(chart.scales.x.getPixelForValue(point.cost),
            chart.scales.y.getPixelForValue(point.value), width);
          var inside = all.filter(function (place) {
            return place.left >= area.left + 2 && place.right <= chart.width &&
              place.top >= 0 && place.bottom <= area.bottom;
          });
          var cost = function (place) {
            return taken.reduce(function (sum, box) { return sum + overlap(place, box); }, 0);
          };
          var best = (inside.length ? inside : all).reduce(function (a, b) {
            return cost(b) < cost(a) ? b : a;
          });
          taken.push(best);
          texts.forEach(function (text, i) {
            pen.font = lines[i][0];
            pen.fillStyle = lines[i][1];
            pen.strokeText(text, best.left, best.top + 12 + 14 * i);
            pen.fillText(text, best.left, best.top + 12 + 14 * i);
          });
        });
        pen.restore();
      }
    };
  }

  function frontierSets(palette, path) {
    var points = data.frontier.points;
    return [
      {
        type: "scatter", clip: false, pointRadius: 6, pointHoverRadius: 8, borderWidth: 2,
        data: points.map(function (point) { return { x: point.cost, y: point.value }; }),
        backgroundColor: points.map(function (point) { return palette[point.colour]; }),
        borderColor: palette.panel
      },
      {
        type: "line", data: path, stepped: true, borderColor: palette.text, borderWidth: 1.5,
        borderDash: [1, 4], borderCapStyle: "round", pointRadius: 0, pointHoverRadius: 0,
        pointHitRadius: 0, fill: "start", backgroundColor: palette.reach
      }
    ];
  }

  function drawFrontier(canvas, palette) {
    var path = frontierPath();
    var points = data.frontier.points;
    return new window.Chart(canvas, {
      data: { datasets: frontierSets(palette, path) },
      plugins: [names(palette, path)],
      options: {
        layout: { padding: { top: 18, right: 24 } },
        scales: {
          x: tools.axis(palette, "cost: trainings per batch, %", {
            type: "linear", min: 0, max: costLimit(), grid: { display: false },
            ticks: { callback: percent, includeBounds: false, maxRotation: 0 }
          }),
          y: tools.axis(palette, data.frontier.title, Object.assign({
            ticks: {
              includeBounds: false,
              maxTicksLimit: 8,
              callback: data.frontier.is_share ? percent : tools.number
            }
          }, valueRange()))
        },
        plugins: {
          tooltip: Object.assign(tools.tooltip(palette, {
            label: function (item) {
              var point = points[item.dataIndex];
              return point.name + ": " + point.note + "; score " + point.score;
            }
          }), { filter: function (item) { return item.datasetIndex === 0; } })
        }
      }
    });
  }

  window.drawFrontier = drawFrontier;
})();
