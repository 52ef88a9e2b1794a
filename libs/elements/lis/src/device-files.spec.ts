import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@esinet/testing';
import { expect, it } from 'vitest';
import { type Logger, silentLogger } from '@esinet/kernel';
import { DeviceFiles } from './device-files.js';
import { api, asked, caller, start } from './lis-fixture.js';
import { PROVISIONING } from './api/tokens.js';
import type { Provisioning } from './provisioning.js';

const table = (rows: readonly string[]): string => ['id,identifiers,lat,lon', ...rows].join('\n');

it('reads devices from files, again when they change, and keeps the last good ones', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'devices.csv');
  await writeFile(file, table(['a,uri:sip:a@provider.lab,40,1', 'b,uri:sip:b@provider.lab,40,2']));
  await writeFile(
    join(folder, 'more.json'),
    JSON.stringify([{ identifiers: ['uri:sip:j@provider.lab'], civic: { country: 'ES' } }]),
  );
  await writeFile(
    join(folder, 'lines.ndjson'),
    '{"identifiers":["msisdn:34600000001"],"civic":{"country":"ES"}}\n',
  );
  const lis = await start({
    devices: [],
    deviceFiles: [file, join(folder, 'more.json'), join(folder, 'lines.ndjson')],
  });
  const provisioning = lis.get<Provisioning>(PROVISIONING);
  expect(provisioning.devices.size).toBe(4);
  const told: unknown[] = [];
  const logger: Logger = { ...silentLogger, error: (event, fields) => void told.push({ event, ...fields }) };
  const files = new DeviceFiles([file], { provisioning, now: () => Date.now(), logger });
  const where = async (name: string): Promise<string> => {
    try {
      return /<pos[^>]*>([^<]*)/.exec((await asked(lis, { device: caller(name) })).pidfLo ?? '')?.[1] ?? '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  // Identifiers go from one to the other, one is gone, one is new.
  await writeFile(file, table(['a,uri:sip:b@provider.lab,41,1', 'c,uri:sip:c@provider.lab,41,3']));
  await files.reload(file);
  expect([await where('a'), await where('b'), await where('c')]).toEqual(['locationUnknown', '41 1', '41 3']);
  // What the API says holds over the file.
  await api(lis, 'PUT', '/api/devices/c/position', { shape: { type: 'point', position: [9, 9] } });
  await writeFile(file, table(['a,uri:sip:b@provider.lab,42,1', 'c,uri:sip:c@provider.lab,42,3']));
  await files.reload(file);
  expect([await where('b'), await where('c')]).toEqual(['42 1', '9 9']);
  for (const broken of [
    table(['a,uri:sip:b@provider.lab,43,1', 'd,uri:sip:d@provider.lab,430,1']),
    table(['a,uri:sip:b@provider.lab,43,1', 'd,uri:sip:j@provider.lab,43,1']),
    table(['a,uri:sip:b@provider.lab,43,1', 'a,uri:sip:d@provider.lab,43,1']),
    'id;identifiers',
  ]) {
    told.length = 0;
    await writeFile(file, broken);
    await files.reload(file);
    expect([await where('b'), told.length]).toEqual(['42 1', 1]);
    expect(JSON.stringify(told)).not.toMatch(/provider\.lab|430/);
  }
  await files.close();
});

it('starts without a file that is missing, and says so', async () => {
  const told: string[] = [];
  const logger: Logger = { ...silentLogger, error: (event) => void told.push(event), child: () => logger };
  const lis = await start({ deviceFiles: ['/nowhere/devices.csv'] }, { logger });
  expect(lis.get<Provisioning>(PROVISIONING).devices.size).toBe(3);
  expect(told).toContain('file of devices not used');
});
