import { createHash } from 'node:crypto';

/**
 * What a page has beyond its text: the value of the mark that is pointed at or touched, a field that narrows charts and
 * tables to rows by their names, and tables that are sorted by a column. It writes texts only, and a page without it has
 * every number all the same.
 */
export const SCRIPT = `(() => {
'use strict';
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const make = (name, properties) => Object.assign(document.createElement(name), properties);

// The value of a mark, at once and on touch as well.
const tip = make('div', { className: 'tip', hidden: true });
document.body.append(tip);
const hide = () => { tip.hidden = true; };
addEventListener('pointerover', (event) => {
  const mark = event.target;
  if (mark === tip) return;
  const title = mark.closest('figure svg') && all(':scope > title', mark)[0];
  if (title) { mark.said = title.textContent; title.remove(); }
  if (!mark.said) return hide();
  tip.textContent = mark.said;
  tip.hidden = false;
  const at = mark.getBoundingClientRect(), own = tip.getBoundingClientRect();
  const above = at.top - own.height - 2;
  tip.style.left = Math.max(0, Math.min(at.right, document.documentElement.clientWidth - own.width)) + scrollX + 'px';
  tip.style.top = (above < 0 ? at.bottom + 2 : above) + scrollY + 'px';
});
addEventListener('keydown', (event) => { if (event.key === 'Escape') hide(); });

// Rows by their names, with the titles above them.
const field = make('input', { type: 'search', id: 'filter' });
const found = make('output', { htmlFor: 'filter' });
const form = make('form', { className: 'filter', role: 'search' });
form.append(make('label', { htmlFor: 'filter', textContent: 'Only charts and rows with ' }), field, ' ', found);
const blocks = all('figure, main > section > .scroll').map((block) => {
  const title = block.matches('figure') ? block.querySelector('h3') : block.previousElementSibling;
  const own = title && title.matches('h3') ? title : null;
  const above = block.closest('section').querySelector('h2');
  const names = [above, own].map((one) => one ? one.textContent : '').join(' ');
  return { block, title: own, rows: all('tbody tr', block).map((row) => [row, (names + ' ' + row.textContent).toLowerCase()]) };
});
const narrow = () => {
  const words = field.value.toLowerCase().split(/\\s+/).filter((word) => word !== '');
  let shown = 0, charts = 0;
  for (const { block, title, rows } of blocks) {
    let own = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) own++;
    }
    block.hidden = words.length > 0 && own === 0;
    if (title) title.hidden = block.hidden;
    shown += own;
    if (own > 0 && block.matches('figure')) charts++;
  }
  found.value = words.length === 0 ? '' : shown + ' rows, ' + charts + ' charts';
};
form.addEventListener('input', narrow);
form.addEventListener('submit', (event) => event.preventDefault());
if (blocks.length > 0) document.querySelector('main').before(form);

// Tables by a column: up, down, as they were.
const valueOf = (row, i) => {
  const data = row.cells[i].querySelector('data');
  return data ? Number(data.value) : row.cells[i].textContent;
};
const compare = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b
  : typeof a === 'number' ? -1 : typeof b === 'number' ? 1 : a.localeCompare(b, 'en', { numeric: true });
for (const table of all('table')) {
  const body = table.tBodies[0], before = [...body.rows];
  // A first cell that is empty says: as above.
  if (before.length < 3 || before.some((row) => row.cells[0].textContent === '')) continue;
  for (const head of all('thead th', table)) {
    const button = make('button', { type: 'button', textContent: head.textContent });
    head.replaceChildren(button);
    button.onclick = () => {
      const next = head.ariaSort === 'ascending' ? 'descending' : head.ariaSort ? null : 'ascending';
      for (const other of all('thead th', table)) other.ariaSort = null;
      head.ariaSort = next;
      const sign = next === 'descending' ? -1 : 1, i = head.cellIndex;
      body.append(...(next ? [...before].sort((a, b) => sign * compare(valueOf(a, i), valueOf(b, i))) : before));
    };
  }
}
})();`;

/** How a Content-Security-Policy names a script that may run: by the SHA-256 of its text. */
export function hashOf(script: string): string {
  return `sha256-${createHash('sha256').update(script).digest('base64')}`;
}
