import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { parse } from 'yaml';
import { ApiError, TransportError } from '../../operator/kube/errors.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import type { KubeObject, ListOptions, ObjectRef, ResourceType } from '../../operator/kube/types.ts';
import type { ClusterConnection } from '../support/cluster.ts';
import type { CommandContext } from '../support/context.ts';
import { CommandError } from '../support/exit-status.ts';
import { getCommand } from './command.ts';
import { rollingOut } from './test-support.ts';

/** A server that holds some objects by plural; a plural may answer with an error instead. */
function connectionTo(answers: Readonly<Record<string, readonly KubeObject[] | Error>>): ClusterConnection {
  const all = (type: ResourceType): readonly KubeObject[] => {
    const answer = answers[type.plural] ?? [];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const client = {
    get: async (type: ResourceType, { name, namespace }: ObjectRef) => {
      const found = all(type).find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
      if (found) return found;
      throw new ApiError(404, { kind: 'Status', reason: 'NotFound', message: `${type.plural} "${name}" not found` });
    },
    list: async (type: ResourceType, { namespace }: ListOptions) => ({
      items: all(type).filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
      resourceVersion: '1',
    }),
  };
  return { client: client as unknown as ClusterConnection['client'], namespace: 'ai', close: async () => undefined };
}

const { deployment, controllerRevisions, deployments, pods, nodes } = rollingOut();
const objects = {
  deepseekdeployments: [deployment],
  controllerrevisions: controllerRevisions,
  deployments,
  pods,
  nodes,
};

async function run(argv: readonly string[], answers: Parameters<typeof connectionTo>[0] = objects) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const context: CommandContext = {
    stdout,
    stderr,
    env: { LANG: 'C.UTF-8' },
    clock: systemClock,
    signal: new AbortController().signal,
  };
  let status: number | undefined;
  let error: unknown;
  const command = getCommand(
    context,
    (ended) => (status = ended),
    async () => connectionTo(answers),
  );
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  try {
    await command.parseAsync(argv, { from: 'user' });
  } catch (thrown) {
    error = thrown;
    if (thrown instanceof CommandError) status = thrown.exitStatus;
  }
  const message = error instanceof Error ? error.message : '';
  return { status, message, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

describe('get', () => {
  it('prints a table', async () => {
    const { status, stdout } = await run([]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^NAME +READY .*\nchat +2\/2 .*ImageNotFound.*\n$/);
  });

  it.each(['chat', 'dsd/chat', 'deepseekdeployment.deepseek-operator.io/chat'])(
    'prints the tree of %s',
    async (name) => {
      const { status, stdout } = await run([name]);
      expect(status).toBe(0);
      expect(stdout).toContain('├─ candidate');
      expect(stdout).toContain('on a100-80gb-1 (A100-80GB)');
    },
  );

  it('says on stderr that there is none, and ends well', async () => {
    expect(await run([], {})).toMatchObject({
      status: 0,
      stdout: '',
      stderr: 'No DeepSeekDeployments in namespace ai; -A looks in all.\n',
    });
  });

  it('prints names that it takes again', async () => {
    const { stdout } = await run(['-o', 'name']);
    expect(stdout).toBe('deepseekdeployment.deepseek-operator.io/chat\n');
  });

  it.each([
    ['json', JSON.parse],
    ['yaml', parse],
  ])('prints the view as %s', async (format, read: (text: string) => unknown) => {
    const one = read((await run(['chat', '-o', format])).stdout);
    expect(one).toMatchObject({
      namespace: 'ai',
      name: 'chat',
      ready: { status: 'False', reason: 'ImageNotFound' },
      replicas: { wanted: 2, ready: 2 },
      revisions: [{ role: 'serving' }, { role: 'candidate', failure: { reason: 'ImageNotFound', blocking: true } }],
    });
    expect(read((await run(['-o', format])).stdout)).toMatchObject({ items: [{ namespace: 'ai', name: 'chat' }] });
  });

  it.each([
    ['a name that is not there', ['other'], objects, 1, 'there is no DeepSeekDeployment other in namespace ai'],
    ['a namespace without it', ['chat', '-n', 'prod'], objects, 1, 'in namespace prod'],
    [
      'no CRD',
      [],
      { deepseekdeployments: new ApiError(404, { message: '404 page not found' }) },
      1,
      'the CRD is not installed',
    ],
    [
      'no way in',
      [],
      { deepseekdeployments: new TransportError('connection failed (ECONNREFUSED)') },
      3,
      'cannot be reached',
    ],
    ['no rights', [], { deepseekdeployments: forbidden('deepseekdeployments') }, 3, 'does not let you'],
    ['no login', [], { deepseekdeployments: new ApiError(401, { message: 'Unauthorized' }) }, 3, 'does not know you'],
    ['a server in trouble', [], { deepseekdeployments: new ApiError(500, { message: 'etcd' }) }, 3, 'answered 500'],
    ['-A with a NAME', ['chat', '-A'], objects, 2, 'use -n'],
    ['-A with -n', ['-A', '-n', 'ai'], objects, 2, 'exclude each other'],
    ['--timeout without -w', ['--timeout', '5s'], objects, 2, 'needs -w'],
    ['a watch of names', ['-w', '-o', 'name'], objects, 2, 'cannot be watched'],
    ['another kind', ['pod/chat'], objects, 2, 'is no NAME'],
  ] as const)('ends with a status and a message: %s', async (_, argv, answers, status, message) => {
    const result = await run(argv, answers);
    expect(result).toMatchObject({ status, stdout: '' });
    expect(result.message).toContain(message);
  });

  it('refuses a duration that is none', async () => {
    const { message } = await run(['-w', '--timeout', 'soon']);
    expect(message).toContain('such as 90s or 10m');
  });

  it('shows what it may see to somebody who may not read nodes', async () => {
    const { status, stdout } = await run(['chat'], { ...objects, nodes: forbidden('nodes') });
    expect(status).toBe(0);
    expect(stdout).toContain('You may not list nodes');
    expect(stdout).toContain('on a100-80gb-1');
    expect(stdout).not.toContain(', gone');
  });
});

function forbidden(plural: string): ApiError {
  return new ApiError(403, { kind: 'Status', reason: 'Forbidden', message: `${plural} is forbidden` });
}
