import { expect, test } from 'vitest';
import { SvgDocument } from './dom.ts';

test('What is hung below an element is written with it, as text whatever it holds', () => {
  const document = new SvgDocument();
  const svg = document.createElementNS('', 'svg');
  const last = svg.appendChild(document.createElementNS('', 'text'));
  last.setAttribute('class', '"><script>');
  last.textContent = '</text><script>&';
  svg.insertBefore(document.createElementNS('', 'g'), last).style.setProperty('opacity', '0.5');
  expect(svg.outerHTML).toBe(
    '<svg><g style="opacity:0.5"></g><text class="&#34;&#62;&#60;script&#62;">&#60;/text&#62;&#60;script&#62;&#38;</text></svg>',
  );
  svg.removeChild(last);
  expect(svg.all('text')).toEqual([]);
  expect(last.parentNode).toBeNull();
});

test('Places are written to a hundredth, other numbers as they are', () => {
  const path = new SvgDocument().createElementNS('', 'path');
  path.setAttribute('d', 'M1.23456,-7.0001L20,0.005');
  path.setAttribute('fill-opacity', 0.12345);
  path.setAttribute('x', 2.34567);
  path.removeAttribute('x');
  expect(path.outerHTML).toBe('<path d="M1.23,-7L20,0.01" fill-opacity="0.12345"></path>');
});
