// What an eye would dislike in a page: what is cut off, sticks out, is blank, or has no title.
() => {
  const NARROW = 720;
  const root = document.scrollingElement;
  const told = [];
  const name = e => {
    const text = (e.textContent || "").trim().slice(0, 40);
    return e.tagName.toLowerCase() + (e.id ? "#" + e.id : "")
      + (e.classList.length ? "." + [...e.classList].join(".") : "") + (text ? ` "${text}"` : "");
  };
  const scrolls = e => {
    for (let p = e; p && p !== document.body; p = p.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(p).overflowX)) return true;
    }
    return false;
  };
  // Kept for who listens to the page: a box of one pixel around it.
  const isTucked = e => {
    for (let p = e; p && p !== document.body; p = p.parentElement) {
      const box = p.getBoundingClientRect();
      if (box.width <= 1 || box.height <= 1) return true;
    }
    return false;
  };
  const pen = document.createElement("canvas").getContext("2d");
  const widthOf = (text, style) => {
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    return pen.measureText(text).width;
  };
  if (root.scrollWidth > root.clientWidth) {
    told.push(`the page is ${root.scrollWidth} px wide in a window of ${root.clientWidth} px`);
  }
  for (const e of document.body.querySelectorAll("*")) {
    const box = e.getBoundingClientRect();
    const isHidden = !e.checkVisibility({visibilityProperty: true, opacityProperty: true})
      || isTucked(e) || box.right <= 0 || box.bottom + scrollY <= 0;
    if (isHidden || e.closest("svg, canvas")) continue;
    const style = getComputedStyle(e);
    if ((box.right > root.clientWidth + 1 || box.left < -1) && !scrolls(e)) {
      told.push(`${name(e)} sticks out of the window: ${box.left} to ${box.right} px`);
    }
    if (["hidden", "clip"].includes(style.overflowX) && e.scrollWidth > e.clientWidth + 1) {
      told.push(`${name(e)} is cut off: ${e.scrollWidth} px of content in ${e.clientWidth} px`);
    }
    const isShortened = style.webkitLineClamp !== "none"; // on purpose, with an ellipsis
    const hides = ["hidden", "clip"].includes(style.overflowY) && !isShortened;
    if (hides && e.scrollHeight > e.clientHeight + 1) {
      told.push(`${name(e)} is cut off: ${e.scrollHeight} px of content, ${e.clientHeight} px high`);
    }
  }
  // What has to be scrolled sideways is not seen; wide tables may on a wide screen.
  for (const e of document.querySelectorAll(NARROW >= root.clientWidth ? ".scroll, pre, nav" : "pre, nav")) {
    if (e.checkVisibility() && e.scrollWidth > e.clientWidth + 1) {
      told.push(`${name(e)} has to be scrolled: ${e.scrollWidth} px in ${e.clientWidth} px`);
    }
  }
  // Words broken inside, one above the other: a column with no room for its longest word.
  for (const e of document.body.querySelectorAll("th, td, dt, dd, p, a, small, span")) {
    if (!e.checkVisibility({visibilityProperty: true}) || isTucked(e) || e.closest("svg")) continue;
    const word = (e.textContent.match(/[A-Za-z]{4,15}/g) || []).sort((a, b) => b.length - a.length)[0];
    if (!word) continue;
    const style = getComputedStyle(e);
    const room = e.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (e.clientWidth && widthOf(word, style) > room + 1) {
      told.push(`${name(e)} is squeezed: ${room} px for "${word}"`);
    }
  }
  for (const picture of document.querySelectorAll("svg[role=img], canvas, img")) {
    const label = picture.getAttribute("aria-label") ?? picture.getAttribute("alt");
    if (label === null) told.push(`${name(picture)} has no text beside it`);
  }
  for (const canvas of document.querySelectorAll("canvas")) {
    if (!canvas.checkVisibility()) continue;
    const drawn = canvas.getContext("2d");
    const pixels = new Uint32Array(drawn.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    const label = canvas.getAttribute("aria-label");
    if (!pixels.some(pixel => pixel)) told.push(`chart "${label}" is blank`);
    const chart = window.Chart && window.Chart.getChart(canvas);
    if (!chart) { told.push(`"${label}" is no chart`); continue; }
    for (const [id, axis] of Object.entries(chart.scales)) {
      const {display, ticks, title} = axis.options;
      if (display && ticks.display && !(title.display && title.text)) {
        told.push(`axis ${id} of chart "${label}" has no title`);
      }
    }
  }
  return told;
}
