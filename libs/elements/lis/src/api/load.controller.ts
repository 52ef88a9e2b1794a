import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Clock } from '@esinet/kernel';
import { CLOCK } from '@esinet/platform';
import { alternativeNames } from '@esinet/sip';
import type { LisConfig } from '../lis-config.js';
import type { PeerList } from '../peer-list.js';
import type { Provisioning } from '../provisioning.js';
import type { DeviceFormat } from '../read-devices.js';
import { type LoadOutcome, loadDevices } from './load-devices.js';
import { PROBLEM_TYPE, problemBody, problems } from './problem.js';
import { loadQuery } from './schemas.js';
import { LIS_CONFIG, PROVISIONERS, PROVISIONING } from './tokens.js';

const FORMATS: Readonly<Record<string, DeviceFormat>> = {
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'text/csv': 'csv',
};

/** `POST /api/load`: many devices in one body, which is read as it comes. */
@Controller('api/load')
export class LoadController {
  #loads = 0;

  constructor(
    @Inject(PROVISIONING) private readonly provisioning: Provisioning,
    @Inject(PROVISIONERS) private readonly provisioners: PeerList,
    @Inject(LIS_CONFIG) private readonly config: LisConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post()
  async load(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    const { socket } = request;
    const outcome = await this.#load(request);
    if (response.destroyed || response.writableEnded) return;
    const [status, type, body] = outcome.ok
      ? [200, 'application/json', outcome.report]
      : [
          problems[outcome.code][0],
          PROBLEM_TYPE,
          problemBody(outcome.code, outcome.message, outcome.report ?? {}),
        ];
    // What is still on its way is not worth reading.
    const unread = !request.complete;
    response.writeHead(status, {
      'content-type': type,
      'cache-control': 'no-store',
      ...(unread ? { connection: 'close' } : {}),
    });
    response.end(JSON.stringify(body), () => unread && socket.destroySoon());
  }

  async #load(request: IncomingMessage): Promise<LoadOutcome> {
    if (!this.provisioners.has(peerOf(request)))
      return { ok: false, code: 'not-allowed', message: 'the requester is none of lis.provisioners' };
    const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    const format = FORMATS[type];
    if (!format) {
      const message = 'a load is application/x-ndjson or text/csv';
      return { ok: false, code: 'unsupported-media-type', message };
    }
    const url = new URL(request.url ?? '/', 'http://lis.invalid');
    const query = loadQuery.safeParse(Object.fromEntries(url.searchParams));
    if (!query.success) {
      const [issue] = query.error.issues;
      return { ok: false, code: 'bad-request', message: `query.${issue?.path.join('.')}: ${issue?.message}` };
    }
    const { maxBytes, atOnce } = this.config.load;
    if (Number(request.headers['content-length'] ?? 0) > maxBytes)
      return { ok: false, code: 'too-long', message: `more than ${maxBytes} octets (lis.load.maxBytes)` };
    if (this.#loads >= atOnce) return { ok: false, code: 'busy', message: 'other loads are being read' };
    this.#loads += 1;
    try {
      const { mode, dryRun } = query.data;
      return await loadDevices(request, this.provisioning, this.clock.wall(), {
        format,
        mode,
        dryRun: dryRun === 'true',
        maxBytes,
      });
    } finally {
      this.#loads -= 1;
    }
  }
}

function peerOf(request: IncomingMessage): { address: string; names: readonly string[] } {
  const { socket } = request;
  const address = socket.remoteAddress ?? '';
  if (!(socket instanceof TLSSocket) || !socket.authorized) return { address, names: [] };
  const names = alternativeNames(socket.getPeerCertificate().subjectaltname);
  return {
    address,
    names: [
      ...names.uris.map((name) => `URI:${name}`),
      ...names.dns.map((name) => `DNS:${name}`),
      ...names.addresses.map((name) => `IP Address:${name}`),
    ],
  };
}
