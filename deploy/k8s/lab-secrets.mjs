#!/usr/bin/env node
// Everything a lab has to keep to itself, made on the spot: certificates, passwords, the key of the bus, and the
// boundaries of the lab beside them. What is there stays. Not for production: see docs/deployment.md.
//
//   node deploy/k8s/lab-secrets.mjs deploy/k8s/overlays/lab/generated
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('lab-secrets.mjs FOLDER: where they go\n');
  process.exit(2);
}
const esinet = join(root, 'apps/esinet/dist/main.js');
if (!existsSync(esinet)) {
  process.stderr.write('Not built: npm run build first.\n');
  process.exit(1);
}
const { createUser } = createRequire(join(root, 'node_modules/nats/package.json'))('nkeys.js');

mkdirSync(folder, { recursive: true, mode: 0o700 });
// Readable by others inside a folder that is not: compose hands the files to containers that run as somebody else.
const made = [];
function once(name, text) {
  const file = join(folder, name);
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const value = text();
  writeFileSync(file, value, { mode: 0o644 });
  made.push(name);
  return value.trim();
}
const hex = (bytes) => () => randomBytes(bytes).toString('hex');

execFileSync(process.execPath, [esinet, 'pki', 'init', '--data', folder], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
for (const name of ['bcf', 'esrp', 'ecrf', 'lis', 'psap', 'provider'])
  chmodSync(join(folder, 'pki', `${name}.key.pem`), 0o644);
chmodSync(join(folder, 'pki'), 0o755);
mkdirSync(join(folder, 'boundaries'), { recursive: true });
once('boundaries/boundaries.geojson', () =>
  execFileSync(process.execPath, [esinet, 'boundaries'], { maxBuffer: 16_777_216 }).toString(),
);
once('transaction-secret', hex(16));
once('dialog-secret', hex(32));
const redis = once('redis-password', hex(24));
once('postgres-password', hex(24));
// One user for all elements: the seed is the secret, the server has the public key only.
let publicKey = '';
once('nkey-seed', () => {
  const user = createUser();
  publicKey = user.getPublicKey();
  return new TextDecoder().decode(user.getSeed());
});
if (publicKey !== '' || !existsSync(join(folder, 'nats.conf'))) {
  const { fromSeed } = createRequire(join(root, 'node_modules/nats/package.json'))('nkeys.js');
  const seed = readFileSync(join(folder, 'nkey-seed'), 'utf8').trim();
  writeFileSync(
    join(folder, 'nats.conf'),
    natsConf(fromSeed(new TextEncoder().encode(seed)).getPublicKey()),
    { mode: 0o644 },
  );
  made.push('nats.conf');
}
once(
  'redis.conf',
  () => `requirepass ${redis}\nmaxmemory 192mb\nmaxmemory-policy noeviction\nsave ""\ndir /data\n`,
);
process.stdout.write(
  made.length ? `Made in ${folder}: ${made.join(', ')}\n` : `Nothing to do in ${folder}.\n`,
);

/** sync_interval is of NATS 2.10 and later: without it an event that was acknowledged can be lost with the power. */
function natsConf(nkey) {
  return `port: 4222
http_port: 8222
jetstream { store_dir: "/data", sync_interval: always, max_file_store: 1GB, max_memory_store: 64MB }
authorization { users: [ { nkey: ${nkey} } ] }
`;
}
