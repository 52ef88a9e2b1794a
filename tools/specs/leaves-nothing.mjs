// Specs share a process, so that what they import is loaded once. What one of them leaves behind the next would meet:
// so a spec that leaves anything fails, by what is here.
import { afterAll, expect, vi } from 'vitest';

/** Handles that are a spec's to close. Connections are not: `fetch` keeps its own for a while. */
const handles = new Set([
  'TCPServerWrap',
  'PipeServerWrap',
  'UDPWrap',
  'ProcessWrap',
  'FSEventWrap',
  'Worker',
]);

/** A handle may be closed a little after it was asked to. Milliseconds. */
const patience = 10_000;

const lazy = Symbol('lazy');
const before = state();

afterAll(async () => {
  for (const end = Date.now() + patience; open(state()).length > 0 && Date.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(left(state()), 'what the spec leaves for the next one in its process').toEqual([]);
});

function state() {
  const handlesOpen = new Map();
  for (const kind of process.getActiveResourcesInfo()) {
    if (handles.has(kind)) handlesOpen.set(kind, (handlesOpen.get(kind) ?? 0) + 1);
  }
  return {
    handles: handlesOpen,
    globals: new Map(globals()),
    environment: new Map(Object.entries(process.env)),
    listeners: new Map(events().map((name) => [String(name), process.listenerCount(name)])),
    other: new Map([
      ['fake timers', vi.isFakeTimers()],
      ['working directory', process.cwd()],
    ]),
  };
}

/** Without those that packages keep what they share in. What Node makes when it is first asked for is `lazy` till then. */
function globals() {
  return Object.entries(Object.getOwnPropertyDescriptors(globalThis))
    .filter(([name]) => !/^(__|Swagger)/.test(name))
    .map(([name, { get, value }]) => [name, get === undefined ? value : lazy]);
}

/** Without the end of the process, which programs under test are ended by. */
function events() {
  return process.eventNames().filter((name) => name !== 'exit');
}

const open = ({ handles: now }) =>
  [...now].filter(([kind, count]) => count > (before.handles.get(kind) ?? 0));

/** Names only: an environment has secrets. */
function left(now) {
  const changed = ['globals', 'environment', 'listeners', 'other'].flatMap((part) =>
    [...new Set([...before[part].keys(), ...now[part].keys()])]
      .filter((name) => before[part].get(name) !== lazy)
      .filter((name) => !Object.is(before[part].get(name), now[part].get(name)))
      .map((name) => `${part}: ${name}`),
  );
  return [...changed, ...open(now).map(([kind, count]) => `handles: ${count} ${kind}`)];
}
