import { type IncomingMessage, type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writePidfLo } from '@esinet/location';
import { afterEach, describe, expect, it } from 'vitest';
import { isAllowedHost } from './allowed-hosts.js';
import { type HttpHeldClientOptions, httpHeldClient } from './http-held-client.js';
import { HELD_NS, type LocationRequest } from './messages.js';
import { readHeldRequest } from './read.js';
import { writeHeldAnswer } from './write.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  closing.push(() => server.closeAllConnections());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function clientOf(allowedHosts: string[], more: Partial<HttpHeldClientOptions> = {}) {
  const client = httpHeldClient({ allowedHosts, ...more });
  closing.push(() => client.close());
  return client;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const pidfLo = writePidfLo({
  entity: 'pres:abc@lis.example',
  shape: { type: 'point', position: [-3.7, 40.4] },
  timestamp: '2026-01-01T00:00:00Z',
  retentionExpiry: '2026-01-02T00:00:00Z',
});
const found = { ok: true, value: { entity: 'pres:abc@lis.example', shapes: [{ position: [-3.7, 40.4] }] } };
const held = writeHeldAnswer({ type: 'locationResponse', pidfLo });

describe('dereference', () => {
  it(
    'takes the presence document bare or in a HELD answer',
    { meta: { clause: 'RFC 6753 3.2' } },
    async () => {
      for (const body of [pidfLo, held]) {
        const host = await serve((request, response) => {
          expect(request.method).toBe('GET');
          expect(request.headers.accept).toMatch(/^application\/pidf\+xml/);
          response.end(body);
        });
        const read = await clientOf([host]).dereference(` \n http://${host}/loc/a \t`);
        expect(read).toMatchObject(found);
        expect(read.ok && read.value.document).toContain('<presence');
      }
    },
  );

  it(
    'posts where a response time is wanted, and asks for no URI',
    { meta: { clause: 'RFC 6753 3.1' } },
    async () => {
      let asked: unknown;
      const host = await serve((request, response) => {
        void bodyOf(request).then((body) => {
          asked = [request.method, request.headers['content-type'], readHeldRequest(body)];
          response.end(held);
        });
      });
      const read = await clientOf([host]).dereference(`http://${host}/a`, {
        responseTime: 'emergencyRouting',
      });
      expect(read).toMatchObject(found);
      expect(asked).toMatchObject([
        'POST',
        'application/held+xml;charset=utf-8',
        { value: { responseTime: 'emergencyRouting', locationTypes: ['geodetic', 'civic'], device: [] } },
      ]);
    },
  );

  it('shows its token to whom it asks, if it has one', { meta: { clause: 'RFC 6750 2.1' } }, async () => {
    const shown: (string | undefined)[] = [];
    const host = await serve((request, response) => {
      shown.push(request.headers.authorization);
      response.end(held);
    });
    await clientOf([host]).dereference(`http://${host}/a`);
    await httpHeldClient({ allowedHosts: [host], token: 'for-tests' }).dereference(`http://${host}/a`);
    expect(shown).toEqual([undefined, 'Bearer for-tests']);
  });

  it('never takes a HELD error for a location', { meta: { clause: 'RFC 5985 5.3' } }, async () => {
    const error = writeHeldAnswer({ type: 'error', code: 'locationUnknown', message: '' });
    const host = await serve((_, response) =>
      response.setHeader('content-type', 'application/pidf+xml').end(error),
    );
    expect(await clientOf([host]).dereference(`http://${host}/a`)).toMatchObject({
      ok: false,
      error: { code: 'held', heldCode: 'locationUnknown' },
    });
  });

  const uriOnly = writeHeldAnswer({
    type: 'locationResponse',
    locationUris: ['http://127.0.0.1:1/'],
    expires: '2026-01-01T00:00:00Z',
  });
  it.each([
    ['a page', 200, '<html/>', 'malformed'],
    ['nothing', 200, '', 'malformed'],
    ['a URI in place of a location', 200, uriOnly, 'no-location'],
    [
      'a presence without location',
      200,
      '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="a:b"/>',
      'no-location',
    ],
    ['a latitude beyond the pole', 200, pidfLo.replace('40.4 ', '140.4 '), 'malformed'],
    ['a document type', 200, `<!DOCTYPE a>${pidfLo.slice(pidfLo.indexOf('<presence'))}`, 'malformed'],
    ['too long a PIDF-LO', 200, pidfLo + ' '.repeat(17_000), 'too-large'],
    ['too long an answer', 200, ' '.repeat(70_000), 'too-large'],
    ['an unknown reference', 404, '', 'http'],
  ])('says so when it gets %s', async (_name, status, body, code) => {
    const host = await serve((_request, response) => response.writeHead(status).end(body));
    expect(await clientOf([host]).dereference(`http://${host}/a`)).toMatchObject({
      ok: false,
      error: { code },
    });
  });

  it('does not wait for an answer that drips', async () => {
    const host = await serve((_, response) => {
      const drip = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(drip));
    });
    const client = clientOf([host], { timeoutMs: 80 });
    expect(await client.dereference(`http://${host}/a`)).toMatchObject({
      ok: false,
      error: { code: 'timeout' },
    });
  });

  it('asks no host that is not allowed', async () => {
    let asked = 0;
    const host = await serve((_, response) => {
      asked += 1;
      response.end(pidfLo);
    });
    const port = host.split(':')[1] ?? '';
    const client = clientOf(['lis.example', `localhost.example:${port}`]);
    for (const uri of [
      `http://${host}/`,
      `http://localhost:${port}/`,
      `http://lis.example@${host}/`,
      `http://lis.example:pw@${host}/`,
      `http://2130706433:${port}/`,
      `http://0x7f.1:${port}/`,
      'http://169.254.169.254/latest',
      'http://lis.example:8080/',
    ]) {
      expect(await client.dereference(uri)).toMatchObject({ ok: false, error: { code: 'not-allowed' } });
    }
    for (const uri of [
      'file:///etc/passwd',
      'cid:a@b',
      'sip:a@b',
      'gopher://a/',
      '',
      `http://${'a'.repeat(5_000)}/`,
    ]) {
      expect(await client.dereference(uri)).toMatchObject({ ok: false, error: { code: 'malformed' } });
    }
    expect(asked).toBe(0);
    const strict = clientOf([host], { schemes: ['https'] });
    expect(await strict.dereference(`http://${host}/`)).toMatchObject({
      ok: false,
      error: { code: 'not-allowed' },
    });
  });

  it('follows one redirect, to an allowed host only', { meta: { clause: 'RFC 5985 8' } }, async () => {
    let reached = 0;
    const target = await serve((_, response) => {
      reached += 1;
      response.end(pidfLo);
    });
    const redirecting = await serve((request, response) => {
      const location = request.url === '/round' ? '/round' : `http://${target}/x`;
      response.writeHead(302, { location }).end();
    });
    const denied = await clientOf([redirecting]).dereference(`http://${redirecting}/`);
    expect(denied).toMatchObject({ ok: false, error: { code: 'not-allowed' } });
    expect(reached).toBe(0);
    const client = clientOf([redirecting, target]);
    expect(await client.dereference(`http://${redirecting}/`)).toMatchObject(found);
    expect(await client.dereference(`http://${redirecting}/round`)).toMatchObject({
      ok: false,
      error: { code: 'http' },
    });
  });
});

describe('request', () => {
  const question: LocationRequest = {
    type: 'locationRequest',
    locationTypes: ['any'],
    exact: false,
    device: [],
  };

  it('asks the configured LIS and no other', { meta: { clause: 'RFC 5985 8' } }, async () => {
    const answer = {
      type: 'locationResponse',
      locationUris: ['https://a.example/x'],
      expires: '2026-01-01T00:00:00Z',
    } as const;
    const host = await serve((request, response) => {
      expect(request.headers.accept).toBe('application/held+xml');
      response.end(writeHeldAnswer(answer));
    });
    expect(await clientOf([], { url: `http://${host}/held` }).request(question)).toEqual({
      ok: true,
      value: answer,
    });
    expect(await clientOf([]).request(question)).toMatchObject({ ok: false, error: { code: 'not-allowed' } });
  });

  it('tells a HELD error from a failure', async () => {
    const host = await serve((_, response) => {
      response.end(`<error xmlns="${HELD_NS}" code="laterCode"><message>x</message></error>`);
    });
    expect(await clientOf([], { url: `http://${host}/` }).request(question)).toMatchObject({
      ok: false,
      error: { code: 'held', heldCode: 'laterCode' },
    });
  });
});

it('matches hosts by name and port', () => {
  const allows = (url: string, ...patterns: string[]): boolean => isAllowedHost(new URL(url), patterns);
  expect(allows('https://lis.example/a', 'LIS.example')).toBe(true);
  expect(allows('https://lis.example:8443/a', 'lis.example')).toBe(false);
  expect(allows('https://lis.example:8443/a', 'lis.example:8443')).toBe(true);
  expect(allows('http://lis.example/a', 'lis.example:443')).toBe(false);
  expect(allows('https://lis.example:9/a', 'lis.example:*')).toBe(true);
  expect(allows('https://a.lis.example/', '*.lis.example')).toBe(true);
  expect(allows('https://lis.example/', '*.lis.example')).toBe(false);
  expect(allows('https://evillis.example/', '*.lis.example')).toBe(false);
  expect(allows('https://lis.example.evil.org/', 'lis.example')).toBe(false);
  expect(allows('http://[::1]:80/', '[::1]')).toBe(true);
  expect(allows('http://[::1]:8080/', '[::1]:8080')).toBe(true);
  expect(allows('https://x.org/')).toBe(false);
});
