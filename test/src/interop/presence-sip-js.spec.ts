import { PresenceServer } from '@esinet/element-lis';
import { httpHeldClient } from '@esinet/held';
import { until } from '@esinet/testing';
import { type Notification, Subscriber, SubscriptionState, URI, UserAgent } from 'sip.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { Inbox } from './inbox.js';
import { lendWebSocket } from './web-socket.js';

lendWebSocket();

/** Where the LIS of this lab speaks SIP over WebSocket, beside UDP and TCP. */
const wsPort = 15_086;
let lab: Lab;

beforeAll(async () => {
  lab = await startLab((config) => {
    const { sip } = config.lis;
    if (!sip) throw new Error('the LIS speaks no SIP');
    const offset = (sip.listen.udp ?? 0) - 15_085;
    return {
      ...config,
      lis: { ...config.lis, sip: { ...sip, listen: { ...sip.listen, ws: wsPort + offset } } },
    };
  });
});
afterAll(() => lab.close());

async function tokenOf(account: string): Promise<string> {
  const client = httpHeldClient({ url: `http://127.0.0.1:${lab.port(15_985)}/held`, allowedHosts: [] });
  const answer = await client.request({
    type: 'locationRequest',
    locationTypes: ['locationURI'],
    exact: true,
    device: [{ kind: 'uri', value: `sip:${account}@provider.lab` }],
  });
  client.close();
  const uri = answer.ok ? answer.value.locationUris?.[0] : undefined;
  return uri?.slice(uri.lastIndexOf('/') + 1) ?? '';
}

function move(account: string, lat: number): Promise<Response> {
  return fetch(`http://127.0.0.1:${lab.port(15_985)}/devices/${account}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      identifiers: [`uri:sip:${account}@provider.lab`],
      shape: { type: 'circle', center: [2.1686, lat], radius: 20 },
      method: 'GPS',
    }),
  });
}

it(
  'sip.js watches a location URI from a web page: the place, where it goes, and the end',
  {
    meta: { clause: ['RFC 3856 6.5', 'RFC 6665 4.2.1.2', 'RFC 6665 4.2.1.4', 'RFC 7118 5'] },
    timeout: 30_000,
  },
  async () => {
    const inbox = new Inbox<{ readonly state: string; readonly body: string }>();
    const ua = new UserAgent({
      uri: new URI('sip', 'watcher', 'psap.example'),
      transportOptions: { server: `ws://127.0.0.1:${lab.port(wsPort)}/` },
      logBuiltinEnabled: false,
    });
    await ua.start();
    try {
      const subscriber = new Subscriber(ua, new URI('sip', await tokenOf('caller2'), 'lis.lab'), 'presence', {
        expires: 120,
        extraHeaders: ['Accept: application/pidf+xml'],
      });
      subscriber.delegate = {
        onNotify: (notification: Notification) => {
          void notification.accept();
          const { request } = notification;
          inbox.put({ state: request.getHeader('Subscription-State') ?? '', body: request.body });
        },
      };
      await subscriber.subscribe();
      const first = await inbox.take(() => true);
      expect(first.state).toMatch(/^active;expires=\d+$/);
      expect(first.body).toContain('<gml:pos>41.3874 2.1686</gml:pos>');
      expect(subscriber.state).toBe(SubscriptionState.Subscribed);

      expect((await move('caller2', 41.4)).status).toBeLessThan(300);
      expect((await inbox.take(() => true)).body).toContain('<gml:pos>41.4 2.1686</gml:pos>');

      const server = lab.running.elements.get('lis')?.get<PresenceServer>(PresenceServer);
      expect(server?.notifier.size).toBe(1);
      // The last NOTIFY it answers by itself, without telling its user.
      await subscriber.unsubscribe();
      await until(() => server?.notifier.size === 0);
    } finally {
      await ua.stop();
    }
  },
);
