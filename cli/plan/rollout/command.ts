import type { DeepSeekDeployment } from '../../../operator/api/index.ts';
import { parseDeepSeekDeployment } from '../../../operator/api/index.ts';
import { parseName } from '../../get/arguments.ts';
import type { CommandContext } from '../../support/context.ts';
import { CommandError, EXIT } from '../../support/exit-status.ts';
import { type ClusterFlags, type Connect, inSession } from '../../support/session.ts';
import { forecastRollout, type RolloutForecast } from './forecast.ts';
import { gatherFacts, type RolloutFacts } from './gather.ts';

/** What `plan --rollout NAME [-f FILE]` answers. `given` are the DeepSeekDeployments of the file; undefined: the spec in the cluster. */
export async function forecastOf(
  argument: string,
  given: readonly DeepSeekDeployment[] | undefined,
  flags: ClusterFlags,
  context: CommandContext,
  connect: Connect,
): Promise<RolloutForecast> {
  const name = parseName(argument);
  const wanted = given === undefined ? undefined : theOne(given, name, flags.namespace);
  const namespace = flags.namespace ?? wanted?.metadata.namespace;
  const cluster = { ...flags, ...(namespace !== undefined && { namespace }) };
  return inSession(cluster, context, connect, async (session) => {
    const ref = { namespace: session.namespace, name };
    const facts = await session.answerInTime((signal) => gatherFacts(session.client, ref, signal));
    return forecastRollout(facts, wanted === undefined ? storedSpec(facts) : inPlaceOf(wanted, facts));
  });
}

/** The object of the file that is meant: by name, and by namespace where it says one. */
function theOne(given: readonly DeepSeekDeployment[], name: string, namespace: string | undefined): DeepSeekDeployment {
  const matching = given.filter(
    ({ metadata }) =>
      metadata.name === name && (namespace === undefined || (metadata.namespace ?? namespace) === namespace),
  );
  const [found, ...others] = matching;
  if (found !== undefined && others.length === 0) return found;
  const message =
    found === undefined
      ? `the file has no DeepSeekDeployment ${name}; it has ${given.map(({ metadata }) => metadata.name).join(', ') || 'none'}`
      : `the file has ${matching.length} DeepSeekDeployments ${name}: say which with -n`;
  throw new CommandError('INVALID_INPUT', EXIT.usage, message);
}

/** The file's spec in the object that is there: replicas stay as they are where the file leaves them out. */
function inPlaceOf(wanted: DeepSeekDeployment, { deployment }: RolloutFacts): DeepSeekDeployment {
  const { replicas } = deployment.spec;
  const { namespace = '' } = deployment.metadata;
  return {
    ...wanted,
    metadata: { ...wanted.metadata, namespace },
    spec: { ...(replicas !== undefined && { replicas }), ...wanted.spec },
  };
}

function storedSpec({ deployment }: RolloutFacts): DeepSeekDeployment {
  const parsed = parseDeepSeekDeployment(deployment);
  if (parsed.ok) return parsed.value;
  const why = parsed.issues.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new CommandError('INVALID_INPUT', EXIT.no, `the spec in the cluster is not valid: ${why}`);
}
