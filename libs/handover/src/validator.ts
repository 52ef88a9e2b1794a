import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { XmlDocument, XmlValidateError, XsdValidator } from 'libxml2-wasm';
import { xmlRegisterFsInputProviders } from 'libxml2-wasm/lib/nodejs.mjs';
import { type Result, err, messageOf, ok } from '@esinet/kernel';

/** The schemas that come with the product; a folder with ETSI's own has an entry file as `all.xsd` is one. */
export const ownSchema = fileURLToPath(new URL('../schema/all.xsd', import.meta.url));

/** The text of our published schema of CSP-defined parameters. */
export function lmpeRecordSchemaText(): string {
  return readFileSync(new URL('../schema/lmpe-record-1.xsd', import.meta.url), 'utf8');
}

/** Says what is wrong without a word of the document's own text. */
export interface ValidationProblem {
  readonly line: number;
  readonly message: string;
}

/** Checks documents against an XML Schema, in this process. */
export class SchemaValidator {
  readonly #validator: XsdValidator;

  /**
   * @param schemaFile the entry file, which imports the others beside it
   * @throws Error with a sentence where it is no schema
   */
  constructor(readonly schemaFile: string = ownSchema) {
    registerFiles();
    let schema: XmlDocument | undefined;
    try {
      schema = XmlDocument.fromBuffer(readFileSync(schemaFile), { url: schemaFile });
      this.#validator = XsdValidator.fromDoc(schema);
    } catch (error) {
      throw new Error(`${schemaFile} cannot be used as a schema: ${messageOf(error)}`, { cause: error });
    } finally {
      schema?.dispose();
    }
  }

  /** All problems at once. A document with a DOCTYPE is refused before it is parsed. */
  validate(bytes: Uint8Array): Result<undefined, readonly ValidationProblem[]> {
    if (/<!DOCTYPE/i.test(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'))) {
      return err([{ line: 1, message: 'a DOCTYPE is not accepted' }]);
    }
    let document: XmlDocument | undefined;
    try {
      document = XmlDocument.fromBuffer(bytes);
      this.#validator.validate(document);
      return ok(undefined);
    } catch (error) {
      return err(problemsOf(error));
    } finally {
      document?.dispose();
    }
  }

  dispose(): void {
    this.#validator.dispose();
  }
}

function problemsOf(error: unknown): ValidationProblem[] {
  const details = error instanceof XmlValidateError ? error.details : [];
  if (details.length === 0)
    return [{ line: 0, message: error instanceof XmlValidateError ? 'invalid' : 'ill-formed' }];
  return details.map(({ line, message }) => ({ line, message: withoutValues(message) }));
}

/** libxml2 quotes the value that does not fit: element names stay, values go. */
function withoutValues(message: string): string {
  return message
    .trim()
    .replace(/(The (?:value|QName value|attribute)?\s*)'[^']*'( (?:is not|has a length))/g, "$1'…'$2")
    .replace(/\[facet '(\w+)'\] The value '[\s\S]*?' (is|has)/g, "[facet '$1'] The value '…' $2")
    .replace(/: '[\s\S]*' is not a valid value/g, ": '…' is not a valid value");
}

let registered = false;

function registerFiles(): void {
  if (!registered) registered = xmlRegisterFsInputProviders();
}
