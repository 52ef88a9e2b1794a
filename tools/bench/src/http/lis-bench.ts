import { readHeldAnswer, writeHeldRequest } from '@esinet/held';
import { startElementProcess } from './contender.js';
import { type LookupBenchOptions, type Scenario, lookupBench } from './lookup-bench.js';

const devices = 200;
const identityOf = (i: number): string => `sip:device${i}@provider.lab`;

/** `npm run bench -- lis`: HELD dereference and locationRequest over HTTP at a LIS with a few hundred devices. */
export function lisBench(o: LookupBenchOptions): Promise<number> {
  return lookupBench(
    'lis',
    (folder, nodeArguments) =>
      startElementProcess(
        'lis',
        (port) => ({
          http: { port },
          devices: Array.from({ length: devices }, (_, i) => ({
            id: `device${i}`,
            identifiers: [`uri:${identityOf(i)}`],
            shape: { type: 'circle', center: [-3.7 + i / 1_000, 40.4], radius: 50 },
          })),
        }),
        folder,
        nodeArguments,
      ),
    scenarios,
    o,
  );
}

async function scenarios(port: number): Promise<readonly Scenario[]> {
  const type = { 'content-type': 'application/held+xml' };
  const paths: string[] = [];
  for (let i = 0; i < devices; i++) paths.push(await referenceOf(port, i));
  const dereference = writeHeldRequest({
    type: 'locationRequest',
    responseTime: 'emergencyRouting',
    locationTypes: ['geodetic'],
    exact: false,
    device: [],
  });
  return [
    {
      name: 'dereference by GET',
      method: 'GET',
      headers: { accept: 'application/pidf+xml, application/held+xml;q=0.5' },
      questions: paths.map((path) => ({ path })),
      expected: '<presence',
      bare: 'answer',
    },
    {
      name: 'dereference by POST',
      method: 'POST',
      headers: type,
      questions: paths.map((path) => ({ path, body: dereference })),
      expected: '<presence',
      bare: 'echo',
    },
    {
      name: 'locationRequest by identity, by value',
      method: 'POST',
      headers: type,
      questions: paths.map((_, i) => ({ path: '/held', body: requestOf(i, 'geodetic') })),
      expected: '<presence',
      bare: 'echo',
    },
  ];
}

function requestOf(i: number, kind: 'geodetic' | 'locationURI'): string {
  return writeHeldRequest({
    type: 'locationRequest',
    locationTypes: [kind],
    exact: true,
    device: [{ kind: 'uri', value: identityOf(i) }],
  });
}

/** Path of a location URI of a device. */
async function referenceOf(port: number, i: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/held`, {
    method: 'POST',
    headers: { 'content-type': 'application/held+xml' },
    body: requestOf(i, 'locationURI'),
  });
  const read = readHeldAnswer(await answer.text());
  const uri = read.ok && read.value.type === 'locationResponse' ? read.value.locationUris?.[0] : undefined;
  if (uri === undefined) throw new Error('the LIS gives no location URI');
  return new URL(uri).pathname;
}
