import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Buildah } from '../../hack/image/buildah.ts';
import { type Inspection, inspectImage } from '../../hack/image/inspect.ts';
import { buildOperatorImage } from '../../hack/image/operator-image.ts';

const LIMIT_MS = 300_000;
const MOST_BYTES = 200_000_000;
const TAG = 'localhost/deepseek-operator';

describe("the operator's image", () => {
  const options = { signal: AbortSignal.timeout(LIMIT_MS), onProgress: () => undefined };
  let buildah: Buildah;
  let image: Inspection;

  beforeAll(async () => {
    buildah = await Buildah.open();
    await buildOperatorImage(buildah, `${TAG}:a`, options);
    image = await inspectImage(buildah, `${TAG}:a`, options.signal);
    process.stderr.write(
      `\nThe image: ${(image.bytes / 1e6).toFixed(1)} MB unpacked, --version after ${Math.round(image.startMs)} ms\n`,
    );
  }, LIMIT_MS);

  afterAll(async () => buildah[Symbol.asyncDispose]());

  it(
    'is built twice with the same digest',
    async () => {
      await buildOperatorImage(buildah, `${TAG}:b`, options);
      expect(await buildah.digest(`${TAG}:b`, options.signal)).toBe(image.digest);
    },
    LIMIT_MS,
  );

  it('weighs at most 200 MB', () => {
    expect(image.bytes).toBeGreaterThan(50_000_000);
    expect(image.bytes).toBeLessThanOrEqual(MOST_BYTES);
  });

  it('has neither a shell nor a package manager', () => {
    const programs = image.files.filter(
      ({ kind, mode }) => kind !== 'folder' && kind !== 'other' && (mode & 0o111) !== 0,
    );
    const names = programs.map(({ path }) => path).filter((path) => /(^|\/)s?bin\//.test(path));
    expect(names).toEqual(['usr/local/bin/node']);
  });

  it('runs as a user who may write nothing of it', () => {
    expect(image.user).toBe('65532:65532');
    const writable = image.files.filter(
      ({ kind, uid, mode }) => kind !== 'link' && (uid !== 0 || (mode & 0o022) !== 0),
    );
    expect(writable.map(({ path }) => path)).toEqual([]);
  });

  it('says what it is made of: every package that the operator needs, and Node.js', async () => {
    const path = 'usr/share/sbom/deepseek-operator.cdx.json';
    const text = await buildah.mounted(`${TAG}:a`, (dir) => readFile(join(dir, path), 'utf8'), options.signal);
    const sbom = JSON.parse(text) as {
      readonly bomFormat: string;
      readonly metadata: { readonly component: { readonly name: string } };
      readonly components: readonly { readonly name: string; readonly version: string }[];
    };
    expect([sbom.bomFormat, sbom.metadata.component.name]).toEqual(['CycloneDX', 'deepseek-operator']);
    const names = new Set(sbom.components.map(({ name }) => name));
    const { dependencies } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const missing = [...Object.keys(dependencies), 'node'].filter((name) => !names.has(name));
    expect(missing).toEqual([]);
  });

  it('has the licences of the packages in its programs', async () => {
    const path = 'usr/share/doc/deepseek-operator/third-party-licenses.txt';
    const text = await buildah.mounted(`${TAG}:a`, (dir) => readFile(join(dir, path), 'utf8'), options.signal);
    for (const name of ['@kubernetes/client-node', 'commander', 'undici'])
      expect(text).toMatch(new RegExp(`^${name} \\d.*\nLicence: \\S+\n\n\\S`, 'm'));
  });
});
