import { type Logger, messageOf } from '@esinet/kernel';
import {
  DiscardPolicy,
  ErrorCode,
  type JetStreamClient,
  type JetStreamManager,
  NatsError,
  type NatsConnection,
  RetentionPolicy,
  StorageType,
} from 'nats';
import type { NatsConfig } from './bus-config.js';
import type { OutboxEvent, Sending } from './outbox.js';

/** Milliseconds the JetStream API may take. */
const apiTimeoutMs = 2_000;
const nanosPerMs = 1_000_000;

/**
 * ready: events can be kept. off: they cannot, by a clear answer. unknown: nobody said; to be asked again. absent: nobody
 * answers for JetStream, because it is not enabled, or because its servers are away.
 */
export type StreamState = 'ready' | 'off' | 'unknown' | 'absent';

/**
 * The stream of the events that must not be lost: made where there is none, and given the subjects it lacks. What else
 * the operator changed about it stays.
 */
export async function ensureStream(
  connection: NatsConnection,
  config: NatsConfig,
  logger: Logger,
): Promise<StreamState> {
  const { manage, stream } = config.jetstream;
  if (!manage) return 'ready';
  try {
    const manager = await connection.jetstreamManager({ timeout: apiTimeoutMs });
    await ensured(manager, config);
    return 'ready';
  } catch (error) {
    if (isNobody(error) && apiCode(error) === undefined) return 'absent';
    if (isUnanswered(error)) return 'unknown';
    logger.error('events are not kept by NATS', { stream, reason: messageOf(error) });
    return 'off';
  }
}

async function ensured({ streams }: JetStreamManager, config: NatsConfig): Promise<void> {
  const { stream: name, replicas, maxAge, maxBytes, duplicateWindow } = config.jetstream;
  let subjects: readonly string[];
  try {
    ({ subjects } = (await streams.info(name)).config);
  } catch (error) {
    if (apiCode(error) !== 404) throw error;
    await streams.add({
      name,
      subjects: [...config.durable],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      num_replicas: replicas,
      max_age: maxAge * nanosPerMs,
      max_bytes: maxBytes,
      duplicate_window: duplicateWindow * nanosPerMs,
    });
    return;
  }
  const lacking = config.durable.filter((subject) => !subjects.includes(subject));
  if (lacking.length > 0) await streams.update(name, { subjects: [...subjects, ...lacking] });
}

/** Publishes one event and waits until the stream has it. The same id again within the window is not kept twice. */
export async function keepEvent(
  client: JetStreamClient,
  event: OutboxEvent,
  timeoutMs: number,
): Promise<Sending> {
  try {
    await client.publish(event.subject, event.text, { msgID: event.id, timeout: timeoutMs });
    return { result: 'kept' };
  } catch (error) {
    if (isUnanswered(error)) return { result: 'again' };
    return { result: 'refused', reason: messageOf(error) };
  }
}

function isUnanswered(error: unknown): boolean {
  if (!(error instanceof NatsError)) return true;
  switch (error.code as ErrorCode) {
    case ErrorCode.Timeout:
    case ErrorCode.ConnectionClosed:
    case ErrorCode.ConnectionDraining:
    case ErrorCode.Disconnect:
      return true;
    default:
      // 503 of the API: no leader, or the server is about to stop.
      return isNobody(error) && !disabled.has(error.api_error?.err_code ?? 0);
  }
}

/** Codes of the API: not enabled on the server, not enabled for the account. */
const disabled = new Set([10_076, 10_039]);

function isNobody(error: unknown): boolean {
  return (
    error instanceof NatsError &&
    (error.code === (ErrorCode.NoResponders as string) || apiCode(error) === 503)
  );
}

function apiCode(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.code : undefined;
}
