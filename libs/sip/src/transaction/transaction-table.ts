/** Where transactions are kept, by key. Small on purpose: a table off the JavaScript heap can stand in its place. */
export interface TransactionTable<T> {
  find(key: string): T | undefined;
  insert(key: string, record: T): void;
  remove(key: string): void;
  readonly size: number;
  values(): Iterable<T>;
}

export function mapTable<T>(): TransactionTable<T> {
  const records = new Map<string, T>();
  return {
    find: (key) => records.get(key),
    insert: (key, record) => void records.set(key, record),
    remove: (key) => void records.delete(key),
    values: () => records.values(),
    get size() {
      return records.size;
    },
  };
}
