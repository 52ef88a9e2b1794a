#!/usr/bin/env node
// What one app needs at run time, and nothing else: its compiled code, the libraries of ours it reaches, and the packages
// these name, from what `npm ci` installed. Plain JavaScript without dependencies, since it runs in the image's build.
//
//   node deploy/docker/pick.mjs psap          says what it would take
//   node deploy/docker/pick.mjs psap /out     takes it: /out/opt/esinet, and the empty folders of the image
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const [app = '', out] = process.argv.slice(2);
const apps = readdirSync(join(root, 'apps')).filter((name) =>
  existsSync(join(root, 'apps', name, 'package.json')),
);
if (!apps.includes(app)) {
  process.stderr.write(`--build-arg APP=${app}: expected one of ${apps.join(', ')}\n`);
  process.exit(1);
}

const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));

/** Where a package finds another, as Node looks for it: its own node_modules, then those above. */
function found(from, name) {
  for (let at = from; ; at = at.includes('/') ? dirname(at) : '') {
    const path = join(at, 'node_modules', name);
    if (packages[path]) return path;
    if (at === '') return undefined;
  }
}

/** Paths of the lock file: `node_modules/pg`, `libs/sip`. */
const taken = new Set();
function take(path) {
  if (taken.has(path)) return;
  taken.add(path);
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = packages[path];
  for (const name of Object.keys({ ...peerDependencies, ...optionalDependencies, ...dependencies })) {
    const at = found(path, name);
    if (at) take(packages[at].link ? packages[at].resolved : at);
    else if (name in dependencies) throw new Error(`${path} needs ${name}, which is not in the lock file`);
  }
}
take(`apps/${app}`);

const ours = [...taken].filter((path) => !path.includes('node_modules/')).sort();
const theirs = [...taken].filter((path) => path.includes('node_modules/')).sort();
process.stdout.write(`${app}: ${ours.length} of ours, ${theirs.length} packages\n`);
if (out !== undefined) copy();

function copy() {
  const home = join(out, 'opt/esinet');
  for (const folder of ['opt/esinet', 'var/lib/esinet', 'etc/esinet'])
    mkdirSync(join(out, folder), { recursive: true });
  // Where Node finds them; the app keeps its place in the tree, since the lab reads the samples beside it.
  const placeOf = (path) => {
    const { name } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
    return path === `apps/${app}` ? path : join('node_modules', name);
  };
  for (const path of ours) copyOurs(path, join(home, placeOf(path)));
  for (const path of theirs) {
    const owner = ours.find((our) => path.startsWith(`${our}/`));
    copyTheirs(path, join(home, owner ? join(placeOf(owner), path.slice(owner.length)) : path));
  }
  if (app === 'esinet') cpSync(join(root, 'samples'), join(home, 'samples'), { recursive: true });
  // One name to start, whichever app it is.
  writeFileSync(join(home, 'main.mjs'), `import './apps/${app}/dist/main.js';\n`);
}

function copyOurs(path, to) {
  const from = join(root, path);
  const wanted = (file) => !/\.(spec\.js|map|d\.ts|tsbuildinfo)$/.test(file);
  cpSync(join(from, 'dist'), join(to, 'dist'), { recursive: true, filter: wanted });
  cpSync(join(from, 'package.json'), join(to, 'package.json'));
  // XML schemas that a library reads beside its code.
  if (existsSync(join(from, 'schema'))) cpSync(join(from, 'schema'), join(to, 'schema'), { recursive: true });
}

/** Binaries for other machines stay behind. Packages inside of it are taken on their own. */
function copyTheirs(path, to) {
  const from = join(root, path);
  const here = `${process.platform}-${process.arch}`;
  const wanted = (file) => {
    if (file === from) return true;
    if (basename(file) === 'node_modules') return false;
    return basename(dirname(file)) !== 'prebuilds' || basename(file) === here;
  };
  cpSync(from, to, { recursive: true, filter: wanted });
}
