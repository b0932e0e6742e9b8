// Sparklines in the list of models, with a dot on the newest value.
(function () {
  "use strict";
  var tools = window.evergreenCharts;
  var places = document.querySelectorAll("canvas[data-values]");
  if (!window.Chart || !tools) {
    return; // the newest value is written next to it
  }

  // A share has one scale in all rows; anything else uses the whole height.
  function rangeOf(values, isShare) {
    var known = values.filter(function (value) { return value !== null; });
    var low = Math.min.apply(null, known);
    var high = Math.max.apply(null, known);
    if (isShare) {
      return [0, 1];
    }
    return low < high ? [low, high] : [undefined, undefined];
  }

  function draw(canvas, palette) {
    var values = JSON.parse(canvas.dataset.values);
    var range = rangeOf(values, "share" in canvas.dataset);
    var colour = palette[canvas.dataset.colour];
    var newest = values.reduce(function (found, value, i) { return value === null ? found : i; }, -1);
    return new window.Chart(canvas, {
      type: "line",
      data: {
        labels: values.map(function (value, i) { return i; }),
        datasets: [{
          data: values, borderColor: colour, backgroundColor: colour, borderWidth: 1.6, clip: false,
          pointRadius: function (context) { return context.dataIndex === newest ? 2.5 : 0; }
        }]
      },
      options: {
        responsive: false,
        events: [],
        layout: { padding: 3, autoPadding: false },
        scales: {
          x: { display: false },
          y: { display: false, min: range[0], max: range[1] }
        },
        plugins: { tooltip: { enabled: false } }
      }
    });
  }

  tools.keepDrawn(function (palette) {
    return Array.prototype.map.call(places, function (canvas) { return draw(canvas, palette); });
  });
})();
