import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { podNetworkEnv } from '../demo/pod-network.ts';
import { compilePreload } from './preload.ts';

/** Prints where a connection to a pod goes. */
const PROGRAM = `
  const socket = require('node:net').connect({ host: '10.1.2.3', port: 80 });
  socket.on('error', ({ address, port }) => console.log(address, port));
`;

it('makes JavaScript of what is loaded before a program', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'preload-'));
  try {
    const module = await compilePreload('network', new URL('../demo/pod-network.ts', import.meta.url), folder);
    expect(module).toMatch(/^file:.*\/network\.mjs$/);
    const env = { ...process.env, ...podNetworkEnv(9, module) };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', PROGRAM], { env, timeout: 60_000 });
    expect(stdout).toBe('127.1.2.3 9\n');
  } finally {
    await rm(folder, { recursive: true });
  }
});
