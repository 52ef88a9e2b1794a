import { rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LogFields, type Logger, silentLogger, systemClock } from '@esinet/kernel';
import {
  type CertificateWatch,
  PrometheusMetrics,
  type TlsOptions,
  watchCertificates,
} from '@esinet/platform';
import {
  type CertificateAuthority,
  certificateAuthority,
  loopbackAgent,
  temporaryFolder,
  until,
} from '@esinet/testing';
import { connect } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startTlsBorder } from './tls-border.js';

const border = { names: ['URI:sip:esinet.lab', 'DNS:esinet.lab'], usage: ['server', 'client'] } as const;
const provider = { names: ['URI:sip:provider.lab', 'IP:127.0.0.1'] };

/** Puts a file in place whole, as every careful writer does. */
async function put(folder: string, name: string, text: string): Promise<void> {
  await writeFile(join(folder, `${name}.new`), text);
  await rename(join(folder, `${name}.new`), join(folder, name));
}

async function putAll(folder: string, { key, cert, ca }: TlsOptions): Promise<void> {
  await put(folder, 'ca.cert.pem', ca);
  await put(folder, 'bcf.key.pem', key);
  await put(folder, 'bcf.cert.pem', cert);
}

interface Watched {
  readonly watch: CertificateWatch;
  readonly metrics: PrometheusMetrics;
  readonly logged: { readonly event: string; readonly fields: LogFields }[];
}

async function watching(folder: string, o: { trust?: string[]; crl?: string[] } = {}): Promise<Watched> {
  const logged: Watched['logged'] = [];
  const note = (event: string, fields?: LogFields) => void logged.push({ event, fields: fields ?? {} });
  const logger: Logger = { ...silentLogger, info: note, warn: note, error: note, child: () => logger };
  const metrics = new PrometheusMetrics({ element: 'bcf' });
  const limits = { everyMs: 500, settleMs: 20, patienceMs: 0 };
  const files = { folder, name: 'bcf', ...o };
  const watch = await watchCertificates(files, { clock: systemClock, logger, metrics, limits });
  onTestFinished(() => watch.close());
  return { watch, metrics, logged };
}

/** The fingerprint of the certificate that a port shows. */
function shownAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

async function begin(): Promise<{ ca: CertificateAuthority; folder: string }> {
  const ca = await certificateAuthority('Ours');
  const folder = temporaryFolder();
  await putAll(folder, await ca.issue(border));
  return { ca, folder };
}

describe('a border whose certificate is exchanged', () => {
  it(
    'ten times under 200 messages a second loses none, and drops no connection',
    { timeout: 60_000, meta: { clause: ['TS 103 698 6.1.1', 'RFC 5922 4'] } },
    async () => {
      const { ca, folder } = await begin();
      const { watch, metrics } = await watching(folder);
      const at = await startTlsBorder(watch.tls);
      onTestFinished(() => at.close());
      const peer = await ca.issue(provider);
      // One connection that stands throughout, and one that is made anew for each round.
      const lasting = await loopbackAgent([], peer);
      onTestFinished(() => lasting.stop());
      const destination = {
        transport: 'tls',
        address: '127.0.0.1',
        port: at.port('public'),
        serverName: 'esinet.lab',
      } as const;
      const answered: (number | string)[] = [];
      const closed: string[] = [];
      lasting.stack.transport.onFlowClosed((flow) => closed.push(flow.id));
      let sent = 0;
      const say = async (agent: typeof lasting): Promise<void> => {
        const id = `urn:emergency:uid:callid:${String(sent).padStart(30, '0')}:app.example`;
        sent += 1;
        const outcome = await agent.send({
          method: 'MESSAGE',
          uri: 'urn:service:sos',
          from: 'sip:a@provider.lab',
          to: 'urn:service:sos',
          headers: [['Call-Info', `<${id}>;purpose=EmergencyCallData.CallId`]],
          body: 'help',
          contentType: 'text/plain',
          destination,
        });
        answered.push(outcome.kind === 'response' ? outcome.message.status : outcome.kind);
      };
      const under: Promise<void>[] = [];
      const seen = new Set<string>();
      for (let round = 0; round <= 10; round++) {
        if (round > 0) await putAll(folder, await ca.issue(border));
        const fresh = await loopbackAgent([], peer);
        // 200 a second, on both; a timer that is late makes up for it.
        const start = performance.now();
        for (let i = 0; i < 200;) {
          for (; i < 200 && performance.now() - start >= i * 5; i++) {
            under.push(say(i % 2 === 0 ? lasting : fresh));
          }
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        seen.add(await shownAt(at.port('public')));
        await Promise.all(under);
        await fresh.stop();
      }
      expect(answered.filter((status) => status !== 200)).toEqual([]);
      expect(answered).toHaveLength(2_200);
      expect(at.esrp.received).toHaveLength(2_200);
      expect(closed).toEqual([]);
      expect(seen.size).toBe(11);
      expect(await metrics.text()).toMatch(
        /esinet_certificate_rotations_total\{[^}]*result="taken"[^}]*\} 10/,
      );
    },
  );

  it.each([
    ['garbage', async () => ({ cert: 'garbage' })],
    [
      'half a certificate',
      async (ca: CertificateAuthority) => ({ cert: (await ca.issue(border)).cert.slice(0, 300) }),
    ],
    [
      'a certificate of another key',
      async (ca: CertificateAuthority) => ({ cert: (await ca.issue(border)).cert }),
    ],
    ['one that has expired', (ca: CertificateAuthority) => ca.issue({ ...border, from: -9, until: -1 })],
    ['one that is not valid yet', (ca: CertificateAuthority) => ca.issue({ ...border, from: 1 })],
    ['a key of 1,024 bits', (ca: CertificateAuthority) => ca.issue({ ...border, key: 'rsa-1024' })],
    ['no authority', async () => ({ ca: 'nobody' })],
  ] satisfies [string, (ca: CertificateAuthority) => Promise<Partial<TlsOptions>>][])(
    'for %s goes on with what it has, says so once, and takes the next good one',
    async (_name, make) => {
      const { ca, folder } = await begin();
      const { watch, logged, metrics } = await watching(folder);
      const before = { key: watch.tls.key, cert: watch.tls.cert, ca: watch.tls.ca };
      const at = await startTlsBorder(watch.tls);
      onTestFinished(() => at.close());
      const shown = await shownAt(at.port('public'));
      await putAll(folder, { ...before, ...(await make(ca)) });
      await until(() => logged.some(({ event }) => event === 'certificate refused'));
      expect(await watch.refresh()).toBe('refused');
      expect(watch.tls).toMatchObject(before);
      expect(await shownAt(at.port('public'))).toBe(shown);
      const faults = logged.filter(({ event }) => event === 'certificate refused');
      expect(new Set(faults.map(({ fields }) => fields['reason'])).size).toBe(faults.length);
      expect(await metrics.text()).toMatch(/esinet_certificate_rotations_total\{[^}]*result="refused"/);
      await putAll(folder, await ca.issue(border));
      await until(() => watch.tls.cert !== before.cert);
      expect(await shownAt(at.port('public'))).not.toBe(shown);
    },
  );

  it('behind a link that is turned, as Kubernetes does with secrets', async () => {
    const ca = await certificateAuthority('Ours');
    const folder = temporaryFolder();
    const version = async (name: string): Promise<void> => {
      const inside = temporaryFolder();
      await putAll(inside, await ca.issue(border));
      await symlink(inside, join(folder, `..${name}`));
      await rename(join(folder, `..${name}`), join(folder, '..data'));
    };
    await version('first');
    for (const file of ['ca.cert.pem', 'bcf.key.pem', 'bcf.cert.pem']) {
      await symlink(join('..data', file), join(folder, file));
    }
    const { watch, logged } = await watching(folder);
    const before = watch.tls.cert;
    await version('second');
    await until(() => watch.tls.cert !== before);
    expect(logged.map(({ event }) => event)).toContain('certificate rotated');
    expect(logged.map(({ event }) => event)).not.toContain('certificate refused');
  });

  it('takes a new authority and a list of what was taken back, for new connections', async () => {
    const { ca, folder } = await begin();
    const other = await certificateAuthority('Other');
    const trust = join(folder, 'trust.pem');
    const crl = join(folder, 'taken-back.crl');
    await writeFile(trust, ca.pem);
    await writeFile(crl, await ca.revoke());
    const { watch } = await watching(folder, { trust: [trust], crl: [crl] });
    const at = await startTlsBorder(watch.tls, { peers: [{ name: 'provider', sanUri: 'sip:provider.lab' }] });
    onTestFinished(() => at.close());
    const ask = async (tls: TlsOptions): Promise<boolean> => {
      const agent = await loopbackAgent([], { ...tls, ca: ca.pem });
      const port = at.port('public');
      const outcome = await agent.send({
        method: 'OPTIONS',
        uri: 'sip:esinet.lab',
        from: 'sip:a@provider.lab',
        to: 'sip:esinet.lab',
        destination: { transport: 'tls', address: '127.0.0.1', port, serverName: 'esinet.lab' },
      });
      await agent.stop();
      return outcome.kind === 'response' && outcome.message.status === 200;
    };
    const good = await ca.issue(provider);
    const foreign = await other.issue(provider);
    expect([await ask(good), await ask(foreign)]).toEqual([true, false]);
    await put(folder, 'trust.pem', `${ca.pem}\n${other.pem}`);
    await until(() => watch.tls.ca.includes(other.pem.trim()));
    expect([await ask(good), await ask(foreign)]).toEqual([true, true]);
    await put(folder, 'taken-back.crl', await ca.revoke(good.cert));
    await until(() => (watch.tls.revoked?.size ?? 0) > 0);
    expect([await ask(good), await ask(foreign)]).toEqual([false, true]);
    expect(await at.counted('esinet_sip_tls_refused_total', 'rule="revoked"')).toBeGreaterThan(0);
    await unlink(crl);
    expect(await watch.refresh()).toBe('refused');
    expect(await ask(good)).toBe(false);
  });
});
