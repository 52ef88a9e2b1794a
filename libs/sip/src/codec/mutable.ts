/** A value while it is put together. Optional members are assigned, not spread: that costs a tenth. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
