import { afterAll, beforeAll, vi } from 'vitest';
import { WebSocket } from 'ws';

/** Gives what is written for browsers a WebSocket while the specs of a file run. */
export function lendWebSocket(): void {
  beforeAll(() => void vi.stubGlobal('WebSocket', WebSocket));
  afterAll(() => void vi.unstubAllGlobals());
}
