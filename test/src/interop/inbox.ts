/** What has arrived, for a test to take in whatever order it waits for. */
export class Inbox<T> {
  readonly #arrived: T[] = [];
  readonly #waiting: { readonly wanted: (item: T) => boolean; readonly give: (item: T) => void }[] = [];

  put(item: T): void {
    const index = this.#waiting.findIndex(({ wanted }) => wanted(item));
    if (index >= 0) this.#waiting.splice(index, 1)[0]?.give(item);
    else this.#arrived.push(item);
  }

  /** The first item that is wanted, now or within `ms`. */
  take(wanted: (item: T) => boolean, ms = 10_000): Promise<T> {
    const index = this.#arrived.findIndex(wanted);
    const [found] = index >= 0 ? this.#arrived.splice(index, 1) : [];
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(
            new Error(`nothing of that kind within ${ms} ms; arrived: ${JSON.stringify(this.#arrived)}`),
          ),
        ms,
      );
      this.#waiting.push({
        wanted,
        give: (item) => {
          clearTimeout(timer);
          resolve(item);
        },
      });
    });
  }
}
