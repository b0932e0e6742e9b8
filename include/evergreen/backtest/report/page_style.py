"""How the page of a back-test looks: colours that the colour-blind tell apart, light and dark."""

STYLE = """
:root { color-scheme: light dark;
  --paper: #fff; --ink: #1c2126; --soft: #5b656e; --faint: #e4e7ea; --rule: #9aa4ad;
  --never: #8a939b; --every: #3a434b; --periodic: #00825f; --thresholds: #c65000;
  --default: #0068a8; --other0: #a3478f; --other1: #8a6d00; --other2: #006f7d;
  --gain: #0068a81a; --reach: #0068a812; --alarm: #b3261e; --quarantine: #d9a40055; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14181c; --ink: #e8ebee; --soft: #a3adb6; --faint: #2a3138; --rule: #66717b;
  --never: #8f99a2; --every: #d5dade; --periodic: #3cc79c; --thresholds: #f2935a;
  --default: #5cb8f0; --other0: #dd8fcb; --other1: #d8b93c; --other2: #4cc3d2;
  --gain: #5cb8f022; --reach: #5cb8f014; --alarm: #ff8a80; --quarantine: #d9a40044; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 928px; margin: 0 auto; padding: 32px 24px 64px; overflow-wrap: anywhere; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 20px; margin: 44px 0 8px; }
h3 { font-size: 16px; margin: 28px 0 2px; display: flex; flex-wrap: wrap; gap: 2px 14px;
  align-items: baseline; }
h3 .numbers { font-weight: 400; color: var(--soft); font-size: 14px; }
p { margin: 0 0 10px; }
.facts, .note, .how { color: var(--soft); font-size: 14px; }
.verdict { font-size: 19px; line-height: 1.45; margin: 18px 0 0; }
svg { display: block; width: 100%; height: auto; margin: 6px 0 4px; }
svg text { fill: var(--ink); font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
svg .tick { fill: var(--soft); } svg .axis { fill: var(--soft); font-size: 13px; }
svg .name { font-weight: 600; font-size: 13px; }
svg .word { font-weight: 600; }
svg .halo { stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
.narrow { display: none; }
@media (max-width: 640px) { .wide { display: none; } .narrow { display: block; }
  main { padding: 20px 14px 48px; } h1 { font-size: 23px; } .verdict { font-size: 17px; } }
.grid { stroke: var(--faint); } .rule { stroke: var(--rule); }
.frontier { fill: none; stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 1 4;
  stroke-linecap: round; }
.reach { fill: var(--reach); } .gain { fill: var(--gain); }
.score { fill: none; stroke: var(--c); stroke-width: 2.2; stroke-linejoin: round;
  stroke-linecap: round; }
.context { fill: none; stroke: var(--c); stroke-width: 1; opacity: .75; stroke-linejoin: round;
  stroke-linecap: round; }
.context.strong { stroke-width: 1.8; opacity: 1; }
.context.never { stroke-dasharray: 4 3; }
.since { stroke: var(--c); opacity: .28; }
.point { fill: var(--c); stroke: var(--paper); stroke-width: 2; }
.mark { fill: var(--c); } .mark.alarm { fill: var(--alarm); }
.mark.quarantine { fill: var(--quarantine); stroke: var(--rule); stroke-width: .7; }
.quarantine { fill: var(--quarantine); } .tip { fill: transparent; }
.never { --c: var(--never); } .every { --c: var(--every); } .periodic { --c: var(--periodic); }
.thresholds { --c: var(--thresholds); } .default { --c: var(--default); }
.other0 { --c: var(--other0); } .other1 { --c: var(--other1); } .other2 { --c: var(--other2); }
svg text.coloured { fill: var(--c); }
.key { display: inline-block; width: 11px; height: 11px; border-radius: 50%; background: var(--c);
  margin-right: 7px; }
.scroll { overflow-x: auto; margin: 14px 0 0; overflow-wrap: normal; }
table { border-collapse: collapse; width: 100%; font-size: 15px;
  font-variant-numeric: tabular-nums; }
th, td { padding: 6px 10px; text-align: right; border-bottom: 1px solid var(--faint);
  white-space: nowrap; font-weight: 400; }
thead th { color: var(--soft); font-size: 13px; border-bottom-color: var(--rule); }
th:first-child { text-align: left; padding-left: 0; position: sticky; left: 0;
  background: var(--paper); }
tr.best th, tr.best td { font-weight: 650; }
@media (max-width: 640px) { th, td { padding: 6px 7px; } table { font-size: 14px; } }
details { margin-top: 40px; } summary { cursor: pointer; color: var(--soft); font-size: 14px; }
details ul { margin: 8px 0 0; padding-left: 20px; }
@media print { .tip { display: none; } }
""".strip()
