import { readFile } from 'node:fs/promises';
import { messageOf } from '@esinet/kernel';
import { type CapAlert, readCap, sendAlert } from '@esinet/element-app';
import { dim, exit, green, print, printJson, red, tell, yellow } from '../terminal.js';
import { type CallerOptions, callerWay } from './caller-options.js';
import { unreachable } from './chat.js';

export interface AlertOptions extends CallerOptions {
  readonly cap?: string;
  readonly capUri?: string;
  readonly unchecked?: boolean;
  readonly wait: number;
}

/** `esinet alert`: a call without a conversation (RFC 8876): one CAP alert, and what the centre thought of it. */
export async function alert(o: AlertOptions): Promise<number> {
  const cap = await capOf(o);
  if (!cap) return exit.failed;
  const way = await callerWay(o);
  if (!way.ok) {
    tell(red(way.error));
    return exit.failed;
  }
  const { at, locations, service, via, register } = way.value;
  try {
    const sent = await sendAlert({
      cap,
      service,
      via,
      location: { ...(at && { at }), ...(locations && { further: locations }) },
      ...(register && { register }),
      waitMs: o.wait * 1_000,
    });
    if (o.json) printJson(sent);
    else {
      const { status, alertError, heard, attempts } = sent;
      const times = attempts > 1 ? dim(` after ${attempts} attempts`) : '';
      if (sent.delivered) print(`${green('taken')}  ${status}${times}`);
      else print(`${red('not taken')}  ${status || (sent.reason ?? 'no answer')}${times}`);
      if (alertError) print(`${yellow(`alert error ${alertError.code}`)}  ${alertError.text ?? ''}`);
      for (const text of heard) print(text);
    }
    if (sent.delivered) return exit.ok;
    return sent.status === 0 ? exit.unreachable : exit.failed;
  } catch (error) {
    return unreachable(o, way.value, error);
  }
}

const unknown: CapAlert = {
  identifier: '',
  sender: '',
  sent: '',
  status: '',
  msgType: '',
  areas: [],
  warnings: [],
};

/** The alert, looked at before it goes out: what is not in order would be told to nobody in time. */
async function capOf(
  o: AlertOptions,
): Promise<{ document: Uint8Array; alert: CapAlert } | { uri: string } | undefined> {
  if (o.capUri !== undefined) return { uri: o.capUri };
  if (o.cap === undefined) {
    tell(red('--cap FILE or --cap-uri URL says which alert.'));
    return undefined;
  }
  let document: Uint8Array;
  try {
    document = await readFile(o.cap);
  } catch (error) {
    tell(red(`Cannot read ${o.cap}: ${messageOf(error)}`));
    return undefined;
  }
  const read = readCap(document);
  if (read.ok) {
    for (const warning of read.value.warnings) tell(yellow(`${o.cap}: ${warning}`));
    return { document, alert: read.value };
  }
  for (const problem of read.error) tell(red(`${o.cap}: ${problem}`));
  if (o.unchecked) return { document, alert: unknown };
  tell(dim('Nothing was sent; --unchecked sends it as it is.'));
  return undefined;
}
