/**
 * Contrasts of text are 4.5 and more on either background and on the darkest cells, which have seven tenths of their
 * colour; those of marks 3 (WCAG 2.2, 1.4.3 and 1.4.11).
 */
export const COLORS = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1b1f24; --faint: #5b636d; --grid: #e3e6ea; --band: #eceff3; --line: #c9ced6;
  --better: #11734b; --worse: #b3261e; --same: #57606a; --link: #0b57a4;
  --cell: #0b62ad; --cell-more: #c8453d; --cell-less: #11734b;
  --s0: #0b62ad; --s1: #b45309; --s2: #17774f; --s3: #a1238e; --s4: #7a4f00; --s5: #5146b8; --s6: #b3261e; --s7: #3f6b74;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --ink: #e8eaed; --faint: #a5adb7; --grid: #2b3138; --band: #23282f; --line: #454d57;
    --better: #55c792; --worse: #ff8a80; --same: #a9b2bc; --link: #8ab8f2;
    --cell: #2f7fc4; --cell-more: #c2453b; --cell-less: #1f8a5b;
    --s0: #6cb2f5; --s1: #f0a35e; --s2: #55c792; --s3: #ec86db; --s4: #d9b25f; --s5: #a9a1f7; --s6: #ff8a80; --s7: #8cc1cb;
  }
}
`;

export const STYLE = `${COLORS}
@media print {
  :root {
    --page: #ffffff; --ink: #000000; --faint: #444444; --grid: #dddddd; --band: #eeeeee; --line: #bbbbbb;
    --better: #0b5c3a; --worse: #9a1f18; --same: #444444;
    --cell: #0b62ad; --cell-more: #c8453d; --cell-less: #11734b;
    --s0: #0b62ad; --s1: #b45309; --s2: #17774f; --s3: #a1238e; --s4: #7a4f00; --s5: #5146b8; --s6: #b3261e; --s7: #3f6b74;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 112rem; background: var(--page); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: clamp(1.2rem, 4vw, 1.5rem); margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2rem 0 .75rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1rem 0 .3rem; }
p { margin: .25rem 0; max-width: 75rem; }
.fact, .note, .legend, .axis, figcaption p, footer { color: var(--faint); font-size: .875em; }
.axis { margin: 0; }
.legend span { display: inline-block; margin-right: 1.25em; }
.conclusion { font-weight: 600; }
.warnings { margin: .75rem 0; padding: .5rem .75rem .5rem 1.75rem; border: 1px solid var(--line); border-left: .3rem solid var(--s1); }
.charts, .panels { display: grid; grid-template-columns: minmax(0, 1fr); align-items: start; }
.charts { gap: 1.25rem; margin: .75rem 0; grid-auto-flow: dense; }
.panels { gap: .5rem 1.25rem; }
@media (min-width: 46rem) {
  .charts, .of2 .panels, .of3 .panels, .of4 .panels { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .of2, .of3, .of4 { grid-column: span 2; }
}
@media (min-width: 70rem) {
  .charts, .of3 .panels, .of4 .panels { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .of3, .of4 { grid-column: span 3; }
}
@media (min-width: 94rem) {
  .charts, .of4 .panels { grid-template-columns: repeat(4, minmax(0, 1fr)); }
  .of4 { grid-column: span 4; }
}
figure { margin: 0; padding: .75rem; border: 1px solid var(--line); border-radius: .4rem; min-width: 0; break-inside: avoid; }
figure h3 { margin: 0; }
figure svg { display: block; width: 100%; height: auto; max-width: 30rem; margin-top: .25rem; color: var(--ink); overflow: visible; }
svg text { white-space: pre; font-family: system-ui, sans-serif; }
details { margin-top: .5rem; }
summary { cursor: pointer; color: var(--link); }
summary:focus-visible, .scroll:focus-visible, pre:focus-visible, th button:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.scroll { overflow-x: auto; max-width: 100%; }
details .scroll { max-height: 24rem; overflow-y: auto; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .6rem .15rem 0; text-align: left; vertical-align: top; font-weight: 400; white-space: nowrap; }
.wide { white-space: normal; min-width: 14rem; max-width: 44rem; overflow-wrap: anywhere; }
.pair th { white-space: normal; min-width: 6rem; }
.pair td { white-space: normal; min-width: 0; }
tbody th { position: sticky; left: 0; background: var(--page); }
thead th { color: var(--faint); border-bottom: 1px solid var(--line); vertical-align: bottom; }
tbody tr { border-bottom: 1px solid var(--grid); }
.r { text-align: right; }
data { white-space: nowrap; }
.strong { font-weight: 650; }
.faint { color: var(--faint); }
.better { color: var(--better); }
.worse { color: var(--worse); }
pre { background: var(--band); padding: .6rem .75rem; overflow-x: auto; white-space: pre-wrap; font-size: .875rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.filter { margin: 1rem 0 0; }
.filter input { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--faint); border-radius: .25rem; padding: .15rem .4rem; max-width: 100%; }
.tip { position: absolute; z-index: 1; max-width: min(22rem, 100vw); padding: .3rem .5rem; white-space: pre-line; font-size: .875rem;
  color: var(--ink); background: var(--band); border: 1px solid var(--line); border-radius: .25rem; }
[hidden] { display: none !important; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; text-align: inherit; cursor: pointer; }
th button:hover { text-decoration: underline; }
th[aria-sort] button::after { content: ' ▲'; }
th[aria-sort=descending] button::after { content: ' ▼'; }
footer { margin-top: 2rem; border-top: 1px solid var(--line); }
@media (max-width: 30rem) { body { padding: .5rem; } figure { padding: .4rem; } }
@media print {
  body { padding: 0; max-width: none; font-size: .8rem; }
  .charts, .of2 .panels, .of3 .panels, .of4 .panels { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .of2, .of3, .of4 { grid-column: span 2; }
  .scroll, details .scroll { overflow: visible; max-height: none; }
  table { font-size: .68rem; }
  th, td { white-space: normal; overflow-wrap: break-word; padding-right: .35rem; }
  .wide, .pair td, figure th, figure td { overflow-wrap: anywhere; min-width: 0; }
  .many { font-size: .56rem; }
  .many th, .many td { padding-right: .25rem; }
  tbody th { position: static; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; }
  summary, .filter, .tip { display: none; }
}
`;
