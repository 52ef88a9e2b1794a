/** Asked about each datagram before anybody reads it. */
export interface Doorkeeper {
  /** Whether it is dropped. If not, `read` follows once it was read and dealt with. Must be cheap. */
  drops(bytes: Buffer, listener: string, address: string): boolean;
  read(): void;
}
