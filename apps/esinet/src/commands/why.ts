import { messageOf } from '@esinet/kernel';
import type { CallExplanation } from '../console/calls.js';
import { bold, dim, exit, print, printJson, red, tell, yellow } from '../terminal.js';
import { type Line, explanationLines } from './why-text.js';

export interface WhyOptions {
  readonly console?: string;
  readonly portOffset: number;
  readonly limit: number;
  /** Also what the policies of now would do. */
  readonly replay?: boolean;
  readonly json?: boolean;
}

interface Told {
  readonly at: string;
  readonly callId?: string;
  readonly sipCallId?: string;
  readonly service?: string;
  readonly uri?: string;
  readonly reason?: string;
  readonly outcome?: { readonly status: number; readonly uri?: string };
}

const timeoutMs = 5_000;

/** `esinet why CALLID`: why a call went where it went; without one, the latest calls. */
export async function why(id: string | undefined, o: WhyOptions): Promise<number> {
  const url = (o.console ?? `http://127.0.0.1:${8080 + o.portOffset}`).replace(/\/$/, '');
  const path =
    id === undefined
      ? `/api/calls?limit=${o.limit}`
      : `/api/calls/${encodeURIComponent(id)}/explanation${o.replay ? '?replay' : ''}`;
  let status: number;
  let body: unknown;
  try {
    const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(timeoutMs) });
    status = answer.status;
    body = status === 200 ? await answer.json() : undefined;
  } catch (error) {
    tell(red(`No answer from ${url}: ${messageOf(error)}`));
    tell(dim('Is the ESInet running (npm start)? Another one is named by --console URL.'));
    return exit.unreachable;
  }
  if (status !== 200) {
    tell(red(status === 404 ? 'Nothing is remembered of this call.' : `${url} answered ${status}.`));
    if (status === 404) tell(dim('esinet why, without an identifier, lists the latest calls.'));
    return exit.failed;
  }
  if (o.json) printJson(body);
  else if (id === undefined) printList((body as { calls: readonly Told[] }).calls);
  else explanationLines(body as CallExplanation).forEach(printLine);
  return exit.ok;
}

function printList(calls: readonly Told[]): void {
  if (calls.length === 0) print(dim('No call has been routed yet.'));
  for (const { at, callId, sipCallId, service, uri, reason, outcome } of calls) {
    const status = outcome ? String(outcome.status) : '…';
    print(`${at}  ${bold(callId ?? sipCallId ?? '?')}`);
    print(
      `  ${service ?? ''} → ${outcome?.uri ?? uri ?? 'nobody'}  ${status}${reason ? `  ${yellow(reason)}` : ''}`,
    );
  }
}

function printLine({ kind, label, text }: Line): void {
  const paint = { head: bold, step: String, taken: bold, left: yellow, spare: dim, detail: dim }[kind];
  const mark = { head: '', step: '  ', taken: '  ▶ ', left: '  ✗ ', spare: '  · ', detail: '      ' }[kind];
  print(
    `${mark}${label === '' ? '' : label.padEnd(kind === 'step' ? 10 : 0) + (kind === 'step' ? ' ' : '  ')}${paint(text)}`,
  );
}
