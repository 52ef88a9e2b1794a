export * from './policy-verdict.js';
export * from './routing-facts.js';
