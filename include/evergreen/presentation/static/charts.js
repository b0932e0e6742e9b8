// Shared by all charts: colours of the theme, axes with labels, one width for all left axes.
(function () {
  "use strict";
  var NAMES = ["text", "text-soft", "line", "panel", "chart-1", "chart-2", "chart-3", "chart-band",
    "chart-grid", "good", "warn", "bad", "busy", "calm"];

  // The theme's colours as rgb(); a probe resolves light-dark(), which a canvas does not know.
  function colours(more) {
    var probe = document.createElement("span");
    document.body.appendChild(probe);
    var found = {};
    NAMES.concat(more || []).forEach(function (name) {
      probe.style.color = "var(--" + name + ")";
      found[name] = getComputedStyle(probe).color;
    });
    probe.remove();
    return found;
  }

  // Text of a number as the tables write it; a dash where nothing was measured.
  function number(value) {
    if (value === null || value === undefined) {
      return "–";
    }
    var size = Math.abs(value);
    return value !== 0 && (size < 1e-4 || size >= 1000) ? value.toPrecision(3) : value.toFixed(4);
  }

  function axis(palette, title, more) {
    var base = {
      title: { display: true, text: title, color: palette["text-soft"], font: { size: 11 } },
      grid: { color: palette["chart-grid"] },
      border: { color: palette.line },
      ticks: { color: palette["text-soft"], font: { size: 11 }, maxTicksLimit: 6 }
    };
    Object.keys(more || {}).forEach(function (key) {
      base[key] = key === "ticks" ? Object.assign(base.ticks, more.ticks) : more[key];
    });
    return base;
  }

  function leftAxis(palette, title, more) {
    return axis(palette, title, Object.assign({
      afterFit: function (scale) {
        scale.width = 66;
      }
    }, more));
  }

  function tooltip(palette, callbacks) {
    return {
      backgroundColor: palette.panel,
      titleColor: palette.text,
      bodyColor: palette.text,
      borderColor: palette.line,
      borderWidth: 1,
      padding: 10,
      displayColors: false,
      callbacks: callbacks
    };
  }

  // Draws now and again whenever the theme changes; `draw` returns the charts that it made.
  // `more` names colours of the page's own.
  function keepDrawn(draw, more) {
    var made = [];
    function again() {
      made.forEach(function (chart) {
        chart.destroy();
      });
      made = draw(colours(more));
    }
    again();
    document.addEventListener("evergreen:theme", again);
    return again;
  }

  function font() {
    return getComputedStyle(document.body).fontFamily;
  }

  if (window.Chart) {
    window.Chart.defaults.font.family = font();
    window.Chart.defaults.animation = false;
    window.Chart.defaults.maintainAspectRatio = false;
    window.Chart.defaults.plugins.legend.display = false;
  }

  window.evergreenCharts = {
    axis: axis, leftAxis: leftAxis, tooltip: tooltip, keepDrawn: keepDrawn, number: number
  };
})();
