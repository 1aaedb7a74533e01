import { dirname, join } from 'node:path';
import { engineCache } from '../engine-check/cache.ts';

/** Where what images are made of is kept, outside the work tree. */
export function imageCache(env: Readonly<Record<string, string | undefined>>): string {
  return join(dirname(engineCache(env)), 'images');
}
