import { expect, it } from 'vitest';
import { type ChatBinding, type ChatFlow, canonicalUser, promoted, rebind } from './chat-flow.js';

const udp = (address: string, port: number): ChatFlow => ({
  listener: 'public-udp',
  transport: 'udp',
  address,
  port,
  flowId: `udp|public-udp|${address}|${port}`,
});
const tcp = (address: string, flowId: string, peer?: string): ChatFlow => ({
  listener: 'public-tcp',
  transport: 'tcp',
  address,
  port: 1,
  flowId,
  ...(peer !== undefined && { peer }),
});

const open = { isOpen: () => true, secretLength: 30, secretEnough: 20 };
const meta = { clause: 'RFC 5626 5.3' };

const cases: readonly {
  readonly name: string;
  readonly known?: ChatBinding;
  readonly seen: ChatFlow;
  readonly o?: Partial<typeof open>;
  readonly after: ChatBinding;
}[] = [
  { name: 'the first message binds', seen: udp('a', 1), after: { current: udp('a', 1) } },
  {
    name: 'the same flow renews and keeps the alternate',
    known: { current: udp('a', 1), alternate: udp('b', 2) },
    seen: udp('a', 1),
    after: { current: udp('a', 1), alternate: udp('b', 2) },
  },
  {
    name: 'a NAT that changed the port',
    known: { current: udp('a', 1) },
    seen: udp('a', 2),
    after: { current: udp('a', 2), alternate: udp('a', 1) },
  },
  {
    name: 'a NAT that changed the address moves a UDP flow, the old one staying second',
    known: { current: udp('a', 1) },
    seen: udp('b', 1),
    after: { current: udp('b', 1), alternate: udp('a', 1) },
  },
  {
    name: 'a guessable Call Identifier moves nothing',
    known: { current: udp('a', 1) },
    seen: udp('b', 1),
    o: { secretLength: 10 },
    after: { current: udp('a', 1), alternate: udp('b', 1) },
  },
  {
    name: 'an open connection is not taken over from elsewhere',
    known: { current: tcp('a', 't1') },
    seen: tcp('b', 't2'),
    after: { current: tcp('a', 't1'), alternate: tcp('b', 't2') },
  },
  {
    name: 'nor by UDP',
    known: { current: tcp('a', 't1') },
    seen: udp('b', 1),
    after: { current: tcp('a', 't1'), alternate: udp('b', 1) },
  },
  {
    name: 'a closed one is replaced',
    known: { current: tcp('a', 't1') },
    seen: tcp('b', 't2'),
    o: { isOpen: () => false },
    after: { current: tcp('b', 't2') },
  },
  {
    name: 'the same address connects anew',
    known: { current: tcp('a', 't1') },
    seen: tcp('a', 't2'),
    after: { current: tcp('a', 't2') },
  },
  {
    name: 'a peer keeps its user against a stranger, closed or not',
    known: { current: tcp('a', 't1', 'provider') },
    seen: tcp('b', 't2'),
    o: { isOpen: () => false },
    after: { current: tcp('a', 't1', 'provider'), alternate: tcp('b', 't2') },
  },
  {
    name: 'and against another peer',
    known: { current: tcp('a', 't1', 'provider') },
    seen: tcp('b', 't2', 'other'),
    after: { current: tcp('a', 't1', 'provider'), alternate: tcp('b', 't2', 'other') },
  },
  {
    name: 'but reconnects from anywhere',
    known: { current: tcp('a', 't1', 'provider') },
    seen: tcp('b', 't2', 'provider'),
    after: { current: tcp('b', 't2', 'provider') },
  },
  {
    name: 'a peer takes over from a stranger',
    known: { current: tcp('a', 't1') },
    seen: tcp('b', 't2', 'provider'),
    after: { current: tcp('b', 't2', 'provider'), alternate: tcp('a', 't1') },
  },
];

it.each(cases)('$name', { meta }, ({ known, seen, o, after }) => {
  const result = rebind(known, seen, { ...open, ...o });
  expect(result.current).toEqual(after.current);
  if (result.current.port === result.alternate?.port && result.current.address === result.alternate.address) {
    throw new Error('the alternate is the current one');
  }
  expect(result.alternate).toEqual(after.alternate);
});

it('moves the alternate up once it answered', { meta }, () => {
  const known = { current: tcp('a', 't1'), alternate: tcp('b', 't2') };
  expect(promoted(known, tcp('b', 't2'))).toEqual({ current: tcp('b', 't2'), alternate: tcp('a', 't1') });
  expect(promoted(known, tcp('c', 't3'))).toBe(known);
});

it('knows one user by many spellings', { meta: { clause: 'RFC 3261 19.1.4' } }, () => {
  expect(canonicalUser('sip:anna@App.Example;transport=tcp')).toBe('anna@app.example');
  expect(canonicalUser('sips:anna@app.example?x=y')).toBe('anna@app.example');
  expect(canonicalUser('tel:+34 91')).toBe('tel:+34 91');
});
