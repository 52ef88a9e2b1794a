/** One step of the tables. It is never changed once it was released: what is to be otherwise is a step of its own. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  /** The statements, in the schema of that name (quoted). They run in one transaction with all other steps. */
  readonly sql: (schema: string) => string;
}
