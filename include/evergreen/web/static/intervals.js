// Values with their 95 % intervals, one below the other, on the axis of the metric.
(function () {
  "use strict";
  var tools = window.evergreenCharts;
  var places = document.querySelectorAll("canvas[data-intervals]");
  if (!window.Chart || !tools) {
    return; // the text below has the same numbers
  }

  // A dot between two upright ends; the dot alone where the error is not known.
  function interval(palette, row, place) {
    var hasEnds = row.low !== null && row.high !== null;
    var values = hasEnds ? [row.low, row.value, row.high] : [row.value];
    return {
      data: values.map(function (value) { return { x: value, y: place }; }),
      borderColor: palette[row.tone], backgroundColor: palette[row.tone], borderWidth: 2,
      pointStyle: hasEnds ? ["line", "circle", "line"] : "circle",
      rotation: 90, pointRadius: 5, pointHoverRadius: 5
    };
  }

  function zero(palette, nRows) {
    return {
      data: [{ x: 0, y: -0.5 }, { x: 0, y: nRows - 0.5 }],
      borderColor: palette["text-soft"], borderWidth: 1.5, borderDash: [3, 3], pointRadius: 0
    };
  }

  function draw(canvas, palette) {
    var picture = JSON.parse(canvas.dataset.intervals);
    var rows = picture.rows;
    var sets = rows.map(function (row, i) { return interval(palette, row, i); });
    return new window.Chart(canvas, {
      type: "line",
      data: { datasets: picture.has_zero ? sets.concat(zero(palette, rows.length)) : sets },
      options: {
        events: [],
        layout: { padding: { right: 24 } },
        scales: {
          x: tools.axis(palette, canvas.dataset.axis, {
            type: "linear", grace: "8%",
            ticks: {
              maxRotation: 0, maxTicksLimit: 5, includeBounds: false,
              callback: function (value) { return Number(value.toPrecision(4)); }
            }
          }),
          y: tools.axis(palette, "version", {
            type: "linear", display: !picture.has_zero, min: -0.5, max: rows.length - 0.5,
            reverse: true, grid: { display: false },
            afterBuildTicks: function (scale) {
              scale.ticks = rows.map(function (row, i) { return { value: i }; });
            },
            ticks: { autoSkip: false, callback: function (value) { return rows[value].name; } }
          })
        },
        plugins: { tooltip: { enabled: false } }
      }
    });
  }

  tools.keepDrawn(function (palette) {
    return Array.prototype.map.call(places, function (canvas) { return draw(canvas, palette); });
  });
})();
