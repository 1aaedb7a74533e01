import { describe, expect, it } from '@jest/globals';
import { writtenFiles } from './files.ts';
import type { Pod } from './types.ts';

const engine = { name: 'engine', volumeMounts: [{ name: 'config', mountPath: '/etc/engine' }] };
const writer = {
  name: 'write',
  command: ['/bin/sh', '-c', `printf '%s\\n' "$@" > /out/config.yaml`, 'write-config'],
  args: ['a: 1', 'b: true'],
  volumeMounts: [{ name: 'config', mountPath: '/out' }],
};
const keyWriter = {
  env: [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'api' } } }],
  command: [
    '/bin/sh',
    '-c',
    `set -e\nprintf 'key: |2-\\n  %s\\n' "$KEY" > /out/key.yaml\nprintf '%s\\n' "$@" > /out/config.yaml`,
  ],
};
const noKey = () => Promise.resolve(undefined);
const podWith = (initContainer: object): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'pod' },
  spec: { containers: [engine], initContainers: [{ ...writer, ...initContainer }] },
});

describe('the files of init containers', () => {
  it('are found where the engine has mounted their volume', async () => {
    expect([...(await writtenFiles(podWith({}), engine, noKey))]).toEqual([
      ['/etc/engine/config.yaml', 'a: 1\nb: true\n'],
    ]);
  });
  it('have what a Secret says, by the environment of the container that writes them', async () => {
    const files = await writtenFiles(podWith(keyWriter), engine, (...of) => Promise.resolve(JSON.stringify(of)));
    expect([...files]).toEqual([
      ['/etc/engine/key.yaml', `key: |2-\n  ["Secret","default",{"name":"keys","key":"api"}]\n`],
      ['/etc/engine/config.yaml', 'a: 1\nb: true\n'],
    ]);
    await expect(writtenFiles(podWith(keyWriter), engine, noKey)).rejects.toThrow("couldn't find key api in Secret");
  });
  it.each<[string, object]>([
    ['that write elsewhere', { volumeMounts: [{ name: 'config', mountPath: '/elsewhere' }] }],
    ['whose volume the engine does not have', { volumeMounts: [{ name: 'other', mountPath: '/out' }] }],
    ['that do something else', { command: ['/bin/sh', '-c', 'curl -o /out/config.yaml'] }],
  ])('%s are not', async (_, change) => expect((await writtenFiles(podWith(change), engine, noKey)).size).toBe(0));
});
