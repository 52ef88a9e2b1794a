import {
  type ExecutionRequest,
  type TransfereeEffect,
  type TransferorEffect,
  newTransferee,
  newTransferor,
  readExecutionRequest,
  readExecutionResponse,
  readNegotiationRequest,
  readNegotiationResponse,
  transferSchemas,
  transferee,
  transferor,
} from '@esinet/chat-transfer';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Http3Pair, startHttp3Pair } from './http-3-pair.js';
import { draft, idOf, messagesOf, typeOf } from './psap-side.js';

const rows = (clause: string, ...numbers: number[]) => numbers.map((number) => `${clause}-${number}`);

describe('the four documents', () => {
  const uri = 'sip:madrid@psap.esinet.internal';
  const documents = {
    'negotiation request': {
      read: readNegotiationRequest,
      whole: { CallId: 'urn:x', TransferFrom: uri, TransferTo: uri, ReasonText: 'why' },
      optional: ['ReasonText'],
      wrong: { CallId: 1, TransferFrom: null, TransferTo: [], ReasonText: 3 },
    },
    'negotiation response': {
      read: readNegotiationResponse,
      whole: { CallId: 'urn:x', ExpiryTime: 10, StatusCode: 202 },
      optional: [],
      wrong: { CallId: {}, ExpiryTime: 9, StatusCode: 200 },
    },
    'execution request': {
      read: readExecutionRequest,
      whole: { CallId: 'urn:x', MessageId: 1, ExpiryTime: 10, Data: {} },
      optional: ['Data'],
      wrong: { CallId: false, MessageId: 0, ExpiryTime: 10.5, Data: 'text' },
    },
    'execution response': {
      read: readExecutionResponse,
      whole: { CallId: 'urn:x', StatusCode: 200 },
      optional: [],
      wrong: { CallId: 7, StatusCode: 202 },
    },
  } as const;

  /** Whole, it is taken; without what is mandatory, or with a value that is none, it is not. */
  function checked(name: keyof typeof documents): void {
    const { read, whole, optional, wrong } = documents[name];
    expect(read(whole)).toEqual({ ok: true, value: whole });
    for (const [member, value] of Object.entries(wrong)) {
      expect(read({ ...whole, [member]: value }).ok, `${member} wrong`).toBe(false);
      const { [member as keyof typeof whole]: _, ...without } = whole;
      const mayBeAbsent = (optional as readonly string[]).includes(member);
      expect(read(without).ok, `without ${member}`).toBe(mayBeAbsent);
    }
    for (const none of [undefined, null, [], 'text', 1]) expect(read(none).ok).toBe(false);
  }

  it(
    'negotiation request: tables 5 and A.1',
    { meta: { clause: 'TS 103 698 A.1', shall: ['A.1-1', ...rows('6.3.2', 2, 3, 4, 5)] } },
    () => checked('negotiation request'),
  );
  it(
    'negotiation response: tables 6 and A.2',
    { meta: { clause: 'TS 103 698 A.2', shall: ['A.2-1', ...rows('6.3.2', 6, 7, 8, 9, 10)] } },
    () => {
      checked('negotiation response');
      expect(transferSchemas.chattrnegresp.properties.StatusCode.enum).toEqual([202, 406]);
    },
  );
  it(
    'execution request: tables 7 and A.3',
    { meta: { clause: 'TS 103 698 A.3', shall: ['A.3-1', ...rows('6.3.3', 1, 2, 3, 4)] } },
    () => checked('execution request'),
  );
  it(
    'execution response: tables 8 and A.4',
    { meta: { clause: 'TS 103 698 A.4', shall: ['A.4-1', ...rows('6.3.3', 5, 6, 7, 8)] } },
    () => {
      checked('execution response');
      expect(transferSchemas.chattrexeresp.properties.StatusCode.enum).toEqual([200, 503]);
    },
  );
});

describe('what expires', () => {
  const parties = { callId: 'urn:x', from: 'sip:a@a.lab', to: 'sip:b@b.lab' };
  const kinds = (effects: readonly (TransferorEffect | TransfereeEffect)[]) =>
    effects.map(({ type }) => type);

  it(
    'a consent: an execution that comes later is answered 503, and nothing is sent to the APP',
    { meta: { clause: 'TS 103 698 6.3.2', shall: ['6.3.2-11', '6.3.3-8'] } },
    () => {
      let [state] = newTransferee({ ...parties, peer: 'a' });
      let effects: TransfereeEffect[];
      [state, effects] = transferee(state, { type: 'decide', at: 0, accept: true });
      const consent = effects.find((effect) => effect.type === 'answer-negotiation');
      expect(consent).toMatchObject({ status: 202 });
      const expires = 1_000 * (consent?.expiryTime ?? 0);
      [state, effects] = transferee(state, {
        type: 'execute',
        at: expires,
        messageId: 4,
        expiryTime: 10,
        history: true,
      });
      expect(effects).toContainEqual({ type: 'answer', status: 503 });
      expect(kinds(effects)).not.toContain('take');
      [, effects] = transferee(state, { type: 'timer', at: expires + 1, timer: 'again' });
      expect(effects).toEqual([]);
    },
  );

  it(
    'an execution, for the transferee: what it had not begun it never begins',
    { meta: { clause: 'TS 103 698 6.3.3', shall: '6.3.3-9' } },
    () => {
      let [state] = newTransferee({ ...parties, peer: 'a' });
      let effects: TransfereeEffect[];
      [state] = transferee(state, { type: 'decide', at: 0, accept: true });
      const execute = { type: 'execute', messageId: 4, expiryTime: 10, history: true } as const;
      [state] = transferee(state, { ...execute, at: 1_000 });
      // Killed before its 265 was recorded, and back after the expiry.
      [state, effects] = transferee(state, { type: 'restored', at: 11_001, sent: false });
      expect(kinds(effects)).not.toContain('take');
      [, effects] = transferee(state, { ...execute, at: 11_002 });
      expect(effects).toContainEqual({ type: 'answer', status: 503 });
      expect(kinds(effects)).not.toContain('take');
    },
  );

  it(
    'an execution, for the transferor: it takes the chat up again',
    { meta: { clause: 'TS 103 698 6.3.3', shall: ['6.3.3-10', '6.3.4-2'] } },
    () => {
      let [state] = newTransferor({ ...parties, recorded: 3 });
      let effects: TransferorEffect[];
      [state] = transferor(state, { type: 'negotiated', at: 0, status: 202, expiryTime: 60 });
      [state] = transferor(state, { type: 'begin', at: 0 });
      [state, effects] = transferor(state, { type: 'stalled', at: 100, status: 200, messageId: 4 });
      const expiry = effects.find((effect) => effect.type === 'set-timer' && effect.timer === 'expiry');
      expect(effects).toContainEqual(expect.objectContaining({ type: 'execute', messageId: 4 }));
      const at = 100 + (expiry?.type === 'set-timer' ? expiry.ms : 0);
      [state, effects] = transferor(state, { type: 'timer', at, timer: 'expiry' });
      // Once more, so that a 200 that was lost is heard; and then it is over.
      const ask = effects.find((effect) => effect.type === 'set-timer' && effect.timer === 'ask');
      const until = at + (ask?.type === 'set-timer' ? ask.ms : 0);
      [state, effects] = transferor(state, { type: 'timer', at: until, timer: 'ask' });
      expect(kinds(effects)).toContain('reactivate');
      [state] = transferor(state, { type: 'reactivated', at: until + 1, status: 200 });
      expect(state.phase).toBe('failed');
    },
  );
});

describe('over HTTPS', () => {
  let pair: Http3Pair;
  beforeAll(async () => void (pair = await startHttp3Pair()));
  afterAll(() => pair.close());

  const theirs = 'sip:toledo@handover.esinet.lab';
  const ours = 'sip:madrid@psap.esinet.internal';
  const uriOf = (unique: string) => `urn:emergency:uid:callid:${unique}:provider.lab`;

  const negotiation = (unique: string) => ({ CallId: uriOf(unique), TransferFrom: theirs, TransferTo: ours });
  const execution = (unique: string, messageId: number): ExecutionRequest => ({
    CallId: uriOf(unique),
    MessageId: messageId,
    ExpiryTime: 10,
    Data: {
      Version: 1,
      AppUri: 'sip:ana@provider.lab',
      Sender: 'sip:ana@provider.lab',
      StartedAt: '2026-01-01T00:00:00Z',
      Centres: ['sip:toledo@public.lab'],
      Messages: [
        {
          Direction: 'in',
          Sender: 'sip:ana@provider.lab',
          Reference: 'r1',
          At: '2026-01-01T00:00:00Z',
          MessageId: 1,
          MessageType: 257,
          Text: 'help, over there',
        },
      ],
    },
  });

  it(
    'a PSAP takes a chat of another with which it has an agreement, in two steps',
    {
      meta: {
        clause: ['TS 103 698 6.3', 'TS 103 698 6.2.6'],
        shall: [
          '5.4.3-1',
          '6.2.6-2',
          ...rows('6.2.6', 13, 15, 16, 17),
          ...rows('6.3.1', 1, 2),
          ...rows('6.3.2', 1, 9),
          '6.3.3-4',
          '6.3.3-7',
          '6.3.4-1',
        ],
      },
    },
    async () => {
      const unique = 'takenoveroverhttps00000001';
      expect(
        await pair.peer.negotiate(pair.url, negotiation(unique), { sanUri: 'sip:psap.esinet.internal' }),
      ).toMatchObject({
        ok: true,
        value: { CallId: uriOf(unique), StatusCode: 202 },
      });
      expect(messagesOf(pair.app, unique)).toEqual([]);
      const executed = await pair.peer.execute(pair.url, execution(unique, 7), {
        sanUri: 'sip:psap.esinet.internal',
      });
      expect(executed).toMatchObject({ ok: true, value: { CallId: uriOf(unique), StatusCode: 200 } });
      const [start, ...more] = messagesOf(pair.app, unique, 265);
      expect(more).toEqual([]);
      expect(start && idOf(start)).toBe(8);
      expect(start?.requestUri).toBe('sip:ana@provider.lab');
      const shown = (await (await fetch(`${pair.api}/${encodeURIComponent(uriOf(unique))}`)).json()) as {
        messages: { text?: string }[];
      };
      expect(shown.messages.filter(({ text }) => text === 'help, over there')).toHaveLength(1);
    },
  );

  it(
    'nothing is taken that was not negotiated, and from nobody without an agreement',
    {
      meta: {
        clause: 'TS 103 698 6.3',
        shall: ['6.2.6-1', '6.3.1-2', '6.3.3-8'],
      },
    },
    async () => {
      const unique = 'takenoveroverhttps00000002';
      const ask = { sanUri: 'sip:psap.esinet.internal' };
      expect(await pair.peer.execute(pair.url, execution(unique, 1), ask)).toMatchObject({
        ok: true,
        value: { StatusCode: 503 },
      });
      expect(await pair.stranger.negotiate(pair.url, negotiation(unique), ask)).toMatchObject({
        ok: false,
        error: { code: 'refused', status: 403 },
      });
      expect(messagesOf(pair.app, unique)).toEqual([]);
    },
  );

  async function open(unique: string): Promise<void> {
    expect(await pair.send(draft(unique, 1, 257))).toBe(200);
    await until(() => messagesOf(pair.app, unique, 257)[0]);
  }

  const transfer = (unique: string, to: string) =>
    fetch(`${pair.api}/${encodeURIComponent(uriOf(unique))}/transfer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to, reason: 'it is nearer to you' }),
    });

  it(
    'a PSAP hands a chat over: negotiation, 266, execution with the whole chat',
    {
      meta: {
        clause: ['TS 103 698 6.3', 'TS 103 698 6.2.6'],
        shall: ['5.4.3-1', '6.2.6-2', ...rows('6.3.2', 1, 2, 3, 4, 5), ...rows('6.3.3', 1, 2, 3, 4, 7)],
      },
    },
    async () => {
      const unique = 'handedoveroverhttps0000001';
      await open(unique);
      let stalledBefore = false;
      pair.answer = (path, { CallId }) => {
        if (path.endsWith('negotiation'))
          return { status: 202, body: { CallId, ExpiryTime: 30, StatusCode: 202 } };
        stalledBefore = messagesOf(pair.app, unique, 266).length === 1;
        return { status: 200, body: { CallId, StatusCode: 200 } };
      };
      expect((await transfer(unique, theirs)).ok).toBe(true);
      await until(() => pair.asked.length === 2);
      expect(stalledBefore).toBe(true);
      expect(pair.asked[0]?.body).toMatchObject({
        CallId: uriOf(unique),
        TransferTo: theirs,
        ReasonText: 'it is nearer to you',
      });
      expect(String(pair.asked[0]?.body['TransferFrom'])).toContain('sip:madrid@');
      expect(pair.asked[1]?.body).toMatchObject({ CallId: uriOf(unique), MessageId: 1 });
      expect(JSON.stringify(pair.asked[1]?.body['Data'])).toContain('"help"');
      expect(messagesOf(pair.app, unique, 265)).toEqual([]);
    },
  );

  it(
    'a PSAP keeps its chat when the other declines, before or after the 266',
    {
      meta: {
        clause: ['TS 103 698 6.3.2', 'TS 103 698 6.3.4'],
        shall: ['6.3.2-10', '6.3.3-8', '6.3.4-2', '6.2.6-1'],
      },
    },
    async () => {
      const [before, after] = ['handedoveroverhttps0000002', 'handedoveroverhttps0000003'];
      await open(before);
      pair.answer = (_, { CallId }) => ({ status: 406, body: { CallId, ExpiryTime: 10, StatusCode: 406 } });
      expect((await transfer(before, theirs)).ok).toBe(false);
      expect(messagesOf(pair.app, before, 266)).toEqual([]);

      await open(after);
      pair.answer = (path, { CallId }) =>
        path.endsWith('negotiation')
          ? { status: 202, body: { CallId, ExpiryTime: 30, StatusCode: 202 } }
          : { status: 503, body: { CallId, StatusCode: 503 } };
      expect((await transfer(after, theirs)).ok).toBe(true);
      await until(() => messagesOf(pair.app, after, 265)[0]);
      expect(
        messagesOf(pair.app, after)
          .filter((message) => typeOf(message) !== 260)
          .map((message) => `${typeOf(message)}/${idOf(message)}`),
      ).toEqual(['257/1', '266/1', '265/2']);
      expect(await pair.send(draft(after, 2, 259, 'still here'))).toBe(200);

      // Nobody is asked with whom there is no agreement.
      const asked = pair.asked.length;
      expect((await transfer(after, 'sip:somebody@else.lab')).ok).toBe(false);
      expect(pair.asked).toHaveLength(asked);
    },
  );
});
