/** A call taker who is signed on. */
export interface Taker {
  readonly taker: string;
  readonly name: string;
  /** Centres it answers for; all of them if absent. */
  readonly centres?: readonly string[];
  readonly seats: number;
  /** Wall clock, milliseconds. */
  readonly signedOnAt: number;
}

/** What the queue has to know of a chat. */
export interface ChatFacts {
  readonly chat: string;
  readonly callId: string;
  readonly centre: string;
  readonly phase: string;
  readonly test: boolean;
  /** Wall clock, milliseconds. */
  readonly startedAt: number;
  /** It came from another centre: its caller has been waiting there already. */
  readonly transferred: boolean;
  /** Who has it according to the records; of meaning only for a chat the queue does not know. */
  readonly taker?: string | undefined;
  /** `taker` counts for a chat that is known as well: somebody may have taken it at another process. */
  readonly sure?: boolean;
  /** Another process has the chat: that one pushes it. */
  readonly remote?: boolean;
}

export interface QueuedChat {
  readonly chat: string;
  readonly callId: string;
  readonly centre: string;
  readonly startedAt: number;
  readonly transferred: boolean;
  /** Wall clock, milliseconds: since when it waits for a call taker, or waited until it was taken. */
  readonly waitingSince: number;
  /** On its way to another centre: it waits for nobody here unless it stays. */
  readonly moving: boolean;
  readonly remote?: boolean;
  readonly taker?: string;
}

/** Chats that are open and no test, waiting or with a call taker, and who is there to take them. */
export interface QueueState {
  readonly assign: 'pull' | 'push';
  readonly chats: ReadonlyMap<string, QueuedChat>;
  readonly takers: ReadonlyMap<string, Taker>;
}

export type QueueEvent =
  /** A chat began, was restored or changed its phase. */
  | { readonly type: 'chat'; readonly facts: ChatFacts; readonly at: number }
  /** Also changes the name, the centres or the seats of one who is signed on. */
  | { readonly type: 'sign-on'; readonly taker: Taker; readonly at: number }
  /** `elsewhere`: at another process, which records what follows from it. */
  | { readonly type: 'sign-off'; readonly taker: string; readonly elsewhere?: boolean; readonly at: number }
  /** Without `chat` the next in line. */
  | { readonly type: 'accept'; readonly taker: string; readonly chat?: string; readonly at: number }
  | { readonly type: 'release'; readonly taker: string; readonly chat: string; readonly at: number }
  /** The records could not take an assignment: it is undone. */
  | { readonly type: 'not-assigned'; readonly taker: string; readonly chat: string; readonly at: number };

export type QueueRefusal =
  'not-signed-on' | 'not-in-queue' | 'queue-empty' | 'taken' | 'no-seat' | 'other-centre' | 'not-yours';

export type QueueEffect =
  /** To be recorded. `taker` undefined: nobody has it any more. */
  | { readonly type: 'assign'; readonly chat: string; readonly taker: string | undefined }
  /** What is to be shown anew. */
  | { readonly type: 'queue-changed'; readonly centre: string }
  | { readonly type: 'taker-changed'; readonly taker: string }
  | { readonly type: 'refuse'; readonly code: QueueRefusal };

export function newQueue(assign: QueueState['assign']): QueueState {
  return { assign, chats: new Map(), takers: new Map() };
}

/** Phases in which a person is to be at hand (TS 103 698 6.2); a transfer under way stays with who asked for it. */
const held: ReadonlySet<string> = new Set(['open', 'transferring']);

/** Who answers what. The state is never changed in place. */
export function queue(state: QueueState, event: QueueEvent): [QueueState, QueueEffect[]] {
  switch (event.type) {
    case 'chat':
      return pushed(chat(state, event.facts, event.at), event.at);
    case 'sign-on':
      return pushed(
        [{ ...state, takers: with_(state.takers, event.taker.taker, event.taker) }, changed(event.taker)],
        event.at,
      );
    case 'sign-off':
      return pushed(signOff(state, event.taker, event.at, event.elsewhere), event.at);
    case 'accept':
      return accept(state, event);
    case 'release':
      return release(state, event);
    case 'not-assigned': {
      const found = state.chats.get(event.chat);
      return found?.taker === event.taker ? back(state, [found], event.at, { record: false }) : [state, []];
    }
  }
}

/** Whose turn it is: handed over from another centre before new, then the oldest. */
export function inTurn(a: QueuedChat, b: QueuedChat): number {
  if (a.transferred !== b.transferred) return a.transferred ? -1 : 1;
  return a.startedAt - b.startedAt || (a.chat < b.chat ? -1 : 1);
}

/** In their turn. */
export function waiting(state: QueueState, serves: (centre: string) => boolean = () => true): QueuedChat[] {
  return [...state.chats.values()].filter((c) => isWaiting(c) && serves(c.centre)).sort(inTurn);
}

export function isWaiting(c: QueuedChat): boolean {
  return c.taker === undefined && !c.moving;
}

export function heldBy(state: QueueState, taker: string): QueuedChat[] {
  return [...state.chats.values()].filter((c) => c.taker === taker);
}

export function serves(taker: Taker, centre: string): boolean {
  return taker.centres?.includes(centre) ?? true;
}

/** Whether somebody is there for a centre. While nobody is, anybody may answer. */
export function attended(state: QueueState, centre: string): boolean {
  for (const taker of state.takers.values()) if (serves(taker, centre)) return true;
  return false;
}

function chat(state: QueueState, facts: ChatFacts, at: number): [QueueState, QueueEffect[]] {
  const known = state.chats.get(facts.chat);
  const present = !facts.test && held.has(facts.phase);
  if (!present) {
    if (!known) return [state, []];
    return [{ ...state, chats: without(state.chats, known.chat) }, shown(known)];
  }
  const moving = facts.phase === 'transferring';
  const { remote = false } = facts;
  // One that comes from another process is looked at as one that was restored.
  const comes = known?.remote === true && !remote;
  if (known && !comes) {
    const taker = facts.sure ? facts.taker : known.taker;
    const same = known.moving === moving && known.taker === taker && (known.remote ?? false) === remote;
    if (same) return [state, []];
    const { taker: _taker, remote: _remote, ...others } = known;
    const next: QueuedChat = {
      ...others,
      moving,
      waitingSince: known.taker !== undefined && taker === undefined ? at : known.waitingSince,
      ...(remote && { remote }),
      ...(taker !== undefined && { taker }),
    };
    return [
      { ...state, chats: with_(state.chats, known.chat, next) },
      once([...shown(known), ...shown(next)]),
    ];
  }
  const taker = facts.taker === undefined ? undefined : state.takers.get(facts.taker);
  const seated = taker ? heldBy(state, taker.taker).filter((c) => c.chat !== facts.chat).length : 0;
  const stays = facts.taker !== undefined && (remote || (taker !== undefined && seated < taker.seats));
  const { callId, centre, startedAt, transferred } = facts;
  const queued: QueuedChat = {
    chat: facts.chat,
    callId,
    centre,
    startedAt,
    transferred,
    waitingSince: known?.waitingSince ?? at,
    moving,
    ...(remote && { remote }),
    ...(stays && facts.taker !== undefined && { taker: facts.taker }),
  };
  const lost: QueueEffect[] =
    facts.taker !== undefined && !stays ? [{ type: 'assign', chat: facts.chat, taker: undefined }] : [];
  return [{ ...state, chats: with_(state.chats, facts.chat, queued) }, [...lost, ...shown(queued)]];
}

function signOff(state: QueueState, id: string, at: number, elsewhere = false): [QueueState, QueueEffect[]] {
  if (!state.takers.has(id)) return [state, [{ type: 'refuse', code: 'not-signed-on' }]];
  const [next, effects] = back(state, heldBy(state, id), at, { record: !elsewhere });
  return [
    { ...next, takers: without(next.takers, id) },
    [...effects.filter((e) => e.type !== 'taker-changed'), { type: 'taker-changed', taker: id }],
  ];
}

function accept(
  state: QueueState,
  event: Extract<QueueEvent, { type: 'accept' }>,
): [QueueState, QueueEffect[]] {
  const refuse = (code: QueueRefusal): [QueueState, QueueEffect[]] => [state, [{ type: 'refuse', code }]];
  const taker = state.takers.get(event.taker);
  if (!taker) return refuse('not-signed-on');
  const found =
    event.chat === undefined
      ? waiting(state, (centre) => serves(taker, centre))[0]
      : state.chats.get(event.chat);
  if (!found) return refuse(event.chat === undefined ? 'queue-empty' : 'not-in-queue');
  if (found.taker === taker.taker) return [state, []];
  if (found.taker !== undefined) return refuse('taken');
  if (found.moving) return refuse('not-in-queue');
  if (!serves(taker, found.centre)) return refuse('other-centre');
  if (heldBy(state, taker.taker).length >= taker.seats) return refuse('no-seat');
  return give(state, found, taker);
}

function release(
  state: QueueState,
  event: Extract<QueueEvent, { type: 'release' }>,
): [QueueState, QueueEffect[]] {
  const found = state.chats.get(event.chat);
  if (!found) return [state, [{ type: 'refuse', code: 'not-in-queue' }]];
  if (found.taker !== event.taker) return [state, [{ type: 'refuse', code: 'not-yours' }]];
  // Whoever gives a chat back does not want it again at once.
  return pushed(back(state, [found], event.at, { record: true }), event.at, event.taker);
}

function give(state: QueueState, c: QueuedChat, taker: Taker): [QueueState, QueueEffect[]] {
  const taken = { ...c, taker: taker.taker };
  return [
    { ...state, chats: with_(state.chats, c.chat, taken) },
    [{ type: 'assign', chat: c.chat, taker: taker.taker }, ...shown(taken)],
  ];
}

/** These wait again, from now on but in the turn of their age. */
function back(
  state: QueueState,
  chats: readonly QueuedChat[],
  at: number,
  o: { readonly record: boolean },
): [QueueState, QueueEffect[]] {
  const next = new Map(state.chats);
  const effects: QueueEffect[] = [];
  for (const { taker: _taker, ...c } of chats) {
    next.set(c.chat, { ...c, waitingSince: at });
    if (o.record) effects.push({ type: 'assign', chat: c.chat, taker: undefined });
  }
  for (const c of chats) effects.push(...shown(c));
  return [{ ...state, chats: next }, once(effects)];
}

/** `push`: who has most seats free, and of those who has been there longest, is given what waits. */
function pushed(
  [state, effects]: [QueueState, QueueEffect[]],
  at: number,
  except?: string,
): [QueueState, QueueEffect[]] {
  if (state.assign !== 'push' || effects.length === 0) return [state, effects];
  const free = new Map([...state.takers].map(([id, { seats }]) => [id, seats]));
  for (const { taker } of state.chats.values()) {
    if (taker !== undefined) free.set(taker, (free.get(taker) ?? 0) - 1);
  }
  let next = state;
  const all = [...effects];
  for (const c of waiting(state)) {
    if (c.remote) continue;
    const [best] = [...state.takers.values()]
      .filter((t) => t.taker !== except && serves(t, c.centre) && (free.get(t.taker) ?? 0) > 0)
      .sort((a, b) => (free.get(b.taker) ?? 0) - (free.get(a.taker) ?? 0) || a.signedOnAt - b.signedOnAt);
    if (!best) continue;
    free.set(best.taker, (free.get(best.taker) ?? 0) - 1);
    const [given, more] = accept(next, { type: 'accept', taker: best.taker, chat: c.chat, at });
    next = given;
    all.push(...more);
  }
  return [next, once(all)];
}

function shown(c: QueuedChat): QueueEffect[] {
  return [
    { type: 'queue-changed', centre: c.centre },
    ...(c.taker === undefined ? [] : [{ type: 'taker-changed' as const, taker: c.taker }]),
  ];
}

function changed({ taker }: Taker): QueueEffect[] {
  return [{ type: 'taker-changed', taker }];
}

/** Without what is said twice. */
function once(effects: readonly QueueEffect[]): QueueEffect[] {
  const seen = new Set<string>();
  return effects.filter((effect) => {
    if (effect.type !== 'queue-changed' && effect.type !== 'taker-changed') return true;
    const key = JSON.stringify(effect);
    return !seen.has(key) && seen.add(key);
  });
}

function with_<V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> {
  return new Map(map).set(key, value);
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const next = new Map(map);
  next.delete(key);
  return next;
}
