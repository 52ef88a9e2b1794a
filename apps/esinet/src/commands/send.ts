import { messageOf } from '@esinet/kernel';
import { type WireMessage, sendChat } from '@esinet/element-app';
import { blue, bold, dim, exit, green, print, printJson, red, tell } from '../terminal.js';
import { type CallerOptions, callerWay } from './caller-options.js';

export interface SendOptions extends CallerOptions {
  readonly raw?: boolean;
}

/** `esinet send`: one start of a chat, and each message that went over the wire with its time. */
export async function send(texts: readonly string[], o: SendOptions): Promise<number> {
  const way = await callerWay(o);
  if (!way.ok) {
    tell(red(way.error));
    return exit.failed;
  }
  const begun = performance.now();
  const wire: (WireMessage & { at: number })[] = [];
  const onWire = (message: WireMessage): void => {
    const seen = { ...message, at: performance.now() - begun };
    wire.push(seen);
    if (!o.json) print(line(seen, o.raw === true));
  };
  try {
    const sent = await sendChat({
      ...way.value,
      text: texts.join(' ') || 'help',
      waitMs: 5_000,
      stop: true,
      onWire,
    });
    if (o.json) printJson({ ...sent, wire });
    if (sent.report.delivered) return exit.ok;
    tell(red(`Not delivered: ${sent.report.status || (sent.report.reason ?? 'no answer')}`));
    return sent.report.status === 0 ? exit.unreachable : exit.failed;
  } catch (error) {
    tell(red(`Cannot reach ${o.via}:${way.value.via.host}:${way.value.via.port}: ${messageOf(error)}`));
    return exit.unreachable;
  }
}

function line(m: WireMessage & { at: number }, raw: boolean): string {
  const first = m.text.slice(0, m.text.indexOf('\r\n'));
  const out = m.direction === 'out';
  const arrow = out ? green('→') : blue('←');
  const head = `${dim(`${m.at.toFixed(1).padStart(8)} ms`)} ${arrow} ${bold(first)} ${dim(`${m.transport} ${m.bytes} bytes`)}`;
  if (!raw) return head;
  const body = m.text.split('\r\n').map((each) => `  ${dim('|')} ${each}`);
  return `${head}\n${body.join('\n')}\n`;
}
