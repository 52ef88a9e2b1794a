/** A value while it is put together. Optional members are assigned and not spread: spreading took six times as long. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
