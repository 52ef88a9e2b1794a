#!/usr/bin/env node
// Removes what the build made, and only that: each project's own dist folder, never one inside node_modules.
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { references } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
for (const { path } of references) rmSync(join(root, path, 'dist'), { recursive: true, force: true });
