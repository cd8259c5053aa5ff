const SPECIAL = /[&<>"']/;

/** A text as HTML shows it, in an element or in an attribute. */
export function escapeHtml(text: string): string {
  // Most have nothing to escape.
  if (!SPECIAL.test(text)) return text;
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
