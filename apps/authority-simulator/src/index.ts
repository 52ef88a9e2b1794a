export type { Agreement, Finding } from './agreement.js';
export type { DeliveredObject, Reception } from './authority-desk.js';
export type { ReceivedDocument, SimulatorEvent } from './intake.js';
export type { Received, Report } from './report.js';
export type { ChatReport, ReferenceReport } from './sequence-book.js';
export type { Fetched } from './object-fetcher.js';
export { faultHelp } from './faults.js';
export { said } from './said.js';
export {
  type AuthoritySimulator,
  type SimulatorOptions,
  startAuthoritySimulator,
} from './start-authority-simulator.js';
