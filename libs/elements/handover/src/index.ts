export { type HandoverConfig, handoverConfigSchema, tokenDigest } from './handover-config.js';
export { HandoverElement, type HandoverPorts } from './handover-element.js';
export { HANDOVER, handoverModule } from './handover.module.js';
export { type HandoverExtras, startHandover } from './start-handover.js';
export { PullView } from './view/pull-view.js';
export type { Authority, HandoverCase, Person, Role } from './model.js';
export type { IntakeRequest } from './intake.js';
export { sealsDigest } from './case-steps.js';
