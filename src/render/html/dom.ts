import { escapeHtml } from './html.ts';

/** What is a length or a place: a hundredth of a unit is less than can be seen. */
const PLACED = /^(?:d|transform|points|viewBox|width|height|r|[xy][12]?|cx|cy|dx|dy)$/;

/**
 * As much of a document as Plot writes to, and no more: elements that are made, hung below each other, and written out.
 * A whole DOM takes a third longer to draw with, and as long again to load.
 */
export class SvgDocument {
  readonly documentElement: SvgElement = new SvgElement(this, 'svg');

  createElementNS(_namespace: string, name: string): SvgElement {
    return new SvgElement(this, name);
  }

  createElement(name: string): SvgElement {
    return new SvgElement(this, name);
  }

  createTextNode(text: string): SvgText {
    return new SvgText(text);
  }
}

class SvgText {
  parentNode: SvgElement | null = null;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get outerHTML(): string {
    return escapeHtml(this.text);
  }
}

class Style {
  readonly rules = new Map<string, string>();

  setProperty(name: string, value: string): void {
    this.rules.set(name, value);
  }

  removeProperty(name: string): void {
    this.rules.delete(name);
  }
}

export class SvgElement {
  readonly namespaceURI = 'http://www.w3.org/2000/svg';
  readonly style = new Style();
  readonly ownerDocument: SvgDocument;
  readonly name: string;
  parentNode: SvgElement | null = null;
  readonly #attributes = new Map<string, string>();
  #children: (SvgElement | SvgText)[] = [];

  constructor(ownerDocument: SvgDocument, name: string) {
    this.ownerDocument = ownerDocument;
    this.name = name;
  }

  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }

  setAttribute(name: string, value: unknown): void {
    const text = String(value);
    this.#attributes.set(name, text.includes('.') && PLACED.test(name) ? shortNumbers(text) : text);
  }

  setAttributeNS(_namespace: string | null, name: string, value: unknown): void {
    this.setAttribute(name, value);
  }

  removeAttribute(name: string): void {
    this.#attributes.delete(name);
  }

  appendChild<T extends SvgElement | SvgText>(child: T): T {
    child.parentNode = this;
    this.#children.push(child);
    return child;
  }

  insertBefore<T extends SvgElement | SvgText>(child: T, next: SvgElement | SvgText | null): T {
    const at = next === null ? -1 : this.#children.indexOf(next);
    if (at < 0) return this.appendChild(child);
    child.parentNode = this;
    this.#children.splice(at, 0, child);
    return child;
  }

  removeChild<T extends SvgElement | SvgText>(child: T): T {
    this.#children = this.#children.filter((one) => one !== child);
    child.parentNode = null;
    return child;
  }

  set textContent(text: string) {
    this.#children = [];
    if (text !== '') this.appendChild(new SvgText(String(text)));
  }

  /** The elements below this one, of one name. */
  all(name: string): SvgElement[] {
    return this.#children.flatMap((child) =>
      child instanceof SvgElement ? [...(child.name === name ? [child] : []), ...child.all(name)] : [],
    );
  }

  get outerHTML(): string {
    let written = `<${this.name}`;
    for (const [name, value] of this.#attributes) written += ` ${name}="${escapeHtml(value)}"`;
    if (this.style.rules.size > 0) {
      const style = [...this.style.rules].map(([name, value]) => `${name}:${value}`).join(';');
      written += ` style="${escapeHtml(style)}"`;
    }
    written += '>';
    for (const child of this.#children) written += child.outerHTML;
    return `${written}</${this.name}>`;
  }
}

function shortNumbers(text: string): string {
  return text.replaceAll(/-?\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2))));
}
