/** What the sender does about an error of TS 103 120 Annex D. */
export type ErrorAction =
  /** The same bytes again, later. */
  | 'retry'
  /** Nothing more goes to this authority until an operator says so. */
  | 'pause'
  /** It has been there before: delivered, if we sent it before and do not know what became of it. */
  | 'exists'
  /** In two halves, as new transactions. */
  | 'split'
  /** Never again as it is; an operator is told. */
  | 'permanent';

const actions: ReadonlyMap<number, ErrorAction> = new Map([
  [3000, 'pause'],
  [3003, 'retry'],
  [3004, 'pause'],
  [3010, 'exists'],
  [3022, 'split'],
]);

/** 3021 (version not supported) is permanent too: nothing is downgraded by itself. A code nobody knows is permanent. */
export function actionOn(code: number): ErrorAction {
  return actions.get(code) ?? 'permanent';
}

/** The codes of Annex D that this product gives. */
export const errorCodes = {
  businessLogic: 3000,
  unsupportedAction: 3001,
  duplicateAction: 3002,
  transient: 3003,
  configuration: 3004,
  missing: 3005,
  improperValue: 3007,
  valueNotFound: 3009,
  objectExists: 3010,
  linkMissing: 3016,
  encoding: 3019,
  validation: 3020,
  version: 3021,
  tooLarge: 3022,
} as const;
