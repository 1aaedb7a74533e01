import { execFile, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { ClusterError, systemCode } from './errors.ts';

/** What the go.mod files beside require. */
const OLDEST_GO = { major: 1, minor: 26 };
const ADVICE = 'Install Go >= 1.26 (https://go.dev/dl), or use Docker with --provider kind.';

/** Throws GO_MISSING or GO_TOO_OLD with what to do. */
export async function checkGo(signal: AbortSignal): Promise<void> {
  let output: string;
  try {
    // Outside the module: there, an old Go would first try to download a newer one.
    output = (await promisify(execFile)('go', ['version'], { cwd: tmpdir(), signal })).stdout;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new ClusterError('GO_MISSING', `The binaries are built with Go, and there is no go in PATH. ${ADVICE}`);
  }
  if (!isGoRecent(output)) {
    throw new ClusterError(
      'GO_TOO_OLD',
      `Go 1.26 is needed to build the binaries; found "${output.trim()}". ${ADVICE}`,
    );
  }
}

/** Judges the output of `go version`. A version that is not understood (a development build) is given a try. */
export function isGoRecent(output: string): boolean {
  const match = /\bgo(\d+)\.(\d+)/.exec(output);
  if (!match) return true;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > OLDEST_GO.major || (major === OLDEST_GO.major && minor >= OLDEST_GO.minor);
}

export interface BuildOptions {
  /** Folder of the Go module. */
  readonly module: string;
  /** What is built and how long that takes, for people: `etcd, Kubernetes and KWOK: about 7 minutes on 2 cores`. */
  readonly what: string;
  readonly tags: readonly string[];
  readonly packages: readonly string[];
  /** More of the linker's flags, beside those that leave debug information out. */
  readonly linkerFlags: readonly string[];
  readonly output: string;
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Runs `go build`. Throws BUILD_FAILED with the end of Go's output. */
export async function buildTools(options: BuildOptions): Promise<void> {
  const started = performance.now();
  const report = throttle((line: string) => {
    options.onProgress(`${line}, ${formatElapsed(performance.now() - started)}`);
  });
  let modules = 0;
  let total = 0;
  options.onProgress(`Building ${options.what} the first time`);
  const tags = `-tags=${options.tags.join(',')}`;
  await go(['list', '-deps', tags, '-f', '{{.ImportPath}}', ...options.packages], options, {
    stdout: () => total++,
    stderr: (line) => {
      if (line.startsWith('go: downloading')) report(`Downloaded ${++modules} Go modules`);
    },
  });
  let compiled = 0;
  const linker = ['-s', '-w', ...options.linkerFlags].join(' ');
  const flags = ['-trimpath', '-buildvcs=false', '-mod=readonly', tags, '-ldflags', linker];
  await go(['build', '-v', ...flags, '-o', `${options.output}/`, ...options.packages], options, {
    stdout: () => undefined,
    stderr: (line) => {
      if (/^[\w.-]+(\/|$)/.test(line)) report(`Compiled ${++compiled} of ${total} packages`);
    },
  });
  options.onProgress(`Built the binaries in ${formatElapsed(performance.now() - started)}`);
}

interface LineHandlers {
  readonly stdout: (line: string) => void;
  readonly stderr: (line: string) => void;
}

async function go(args: readonly string[], options: BuildOptions, handlers: LineHandlers): Promise<void> {
  const child = spawn('go', args, {
    cwd: options.module,
    env: { ...process.env, CGO_ENABLED: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: options.signal,
  });
  const tail: string[] = [];
  createInterface(child.stdout).on('line', handlers.stdout);
  createInterface(child.stderr).on('line', (line) => {
    handlers.stderr(line);
    tail.push(line);
    if (tail.length > 20) tail.shift();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) {
    throw new ClusterError('BUILD_FAILED', `go ${args[0] ?? ''} failed in ${options.module}:\n${tail.join('\n')}`);
  }
}

/** Lets a line through at most every two seconds. */
function throttle(print: (line: string) => void): (line: string) => void {
  let next = 0;
  return (line) => {
    const now = performance.now();
    if (now < next) return;
    next = now + 2_000;
    print(line);
  };
}

/** `95000` -> `1 min 35 s`. */
export function formatElapsed(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
