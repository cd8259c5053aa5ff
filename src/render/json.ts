import type { Document } from '../document/document-schema.ts';
import { schemaId } from '../results/schema-id.ts';

/** A document as it is, for what writes it in another form. Ends without a line break. */
export function renderJson(document: Document): string {
  return JSON.stringify({ $schema: schemaId('document'), ...document }, null, 1);
}
