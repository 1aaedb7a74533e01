import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ANNOTATION } from '../../../operator/api/index.ts';
import { drainProxy } from '../../../operator/resources/drain-proxy.ts';
import { debianRoot } from '../../image/debian-root.ts';
import { freePort } from '../../cluster/ports.ts';
import { waitFor } from '../../cluster/wait.ts';

export const PROXIES = ['haproxy', 'nginx'] as const;
type Proxy = (typeof PROXIES)[number];

export interface RunningProxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** Of Debian's sid, as the image that ran here (hack/image). */
export async function startProxy(
  proxy: Proxy,
  upstream: number,
  dir: string,
  signal: AbortSignal,
): Promise<RunningProxy> {
  const onProgress = (line: string): void => void process.stderr.write(`· ${line}\n`);
  const root = await debianRoot({ suite: 'sid', packages: [proxy], onProgress, signal });
  const port = await freePort();
  const file = join(dir, `${proxy}.cfg`);
  await writeFile(file, proxy === 'haproxy' ? haproxy(port, upstream, await freePort()) : nginx(dir, port, upstream));
  const flags = proxy === 'haproxy' ? ['-W', '-db', '-f', file] : ['-c', file, '-e', join(dir, 'nginx.log')];
  const child = await startIn(root, `usr/sbin/${proxy}`, flags);
  await waitFor(async () => (await answers(port)) || undefined, {
    what: proxy,
    timeoutMs: 10_000,
    intervalMs: 50,
    signal,
  });
  return {
    port,
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await new Promise((resolve) => child.once('close', resolve));
    },
  };
}

/** A program of another Debian, with that one's loader and libraries. */
async function startIn(root: string, program: string, flags: readonly string[]): Promise<ChildProcess> {
  const loader = (await readdir(join(root, 'usr/lib64'))).find((name) => name.startsWith('ld-linux'));
  if (loader === undefined) throw new Error(`${root} has no loader.`);
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu');
  return spawn(join(root, 'usr/lib64', loader), ['--library-path', libraries, join(root, program), ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** The very configuration that pods get, on free ports. */
function haproxy(port: number, upstream: number, control: number): string {
  const engine = { port: upstream, preStopSeconds: 20 } as Parameters<typeof drainProxy>[0];
  const text = drainProxy(engine, '').annotations[ANNOTATION.drainProxy] ?? '';
  return text.replace('bind :9000', `bind 127.0.0.1:${port}`).replace('bind :9001', `bind 127.0.0.1:${control}`);
}

/** The same in nginx's words. */
const nginx = (dir: string, port: number, upstream: number): string => `daemon off;
worker_processes 2;
pid ${dir}/nginx.pid;
events { worker_connections 2048; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir};`).join(' ')}
  keepalive_timeout 5s;
  keepalive_requests 1000000;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${upstream};
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`;

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
