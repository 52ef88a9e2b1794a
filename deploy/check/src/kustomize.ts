import { execFileSync } from 'node:child_process';
import { type Manifest, readManifests } from './manifest.js';

/**
 * What an overlay comes to, as `kubectl apply -k` would send it.
 *
 * @throws Error with what kustomize says
 */
export function kustomize(kubectl: string, folder: string): Manifest[] {
  const text = execFileSync(kubectl, ['kustomize', folder], {
    encoding: 'utf8',
    maxBuffer: 33_554_432,
    env: {},
  });
  return readManifests(text);
}
