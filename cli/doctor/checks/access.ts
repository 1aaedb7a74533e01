import { z } from 'zod';
import { deepSeekDeploymentSpec, GROUP, PLURAL, VERSION } from '../../../operator/api/index.ts';
import type { Facts, Permission } from '../facts.ts';
import { type Finding, ok, problem, valueOf, warning } from '../finding.ts';
import { applyCrd, UPGRADE_PLUGIN } from '../installation.ts';

const CRD = `${PLURAL}.${GROUP}`;
const EDITOR = 'deepseek-operator-editor';

/** The API server, the CRD, and what the user may do. */
export function checkAccess(facts: Facts): Finding[] {
  return [ok('Access', `Kubernetes ${facts.server}`), ...checkCrd(facts), checkUser(facts)];
}

function checkCrd({ crd, version, operators }: Facts): Finding[] {
  const apply = applyCrd(valueOf(crd), valueOf(operators) ?? []);
  if (crd.state === 'missing') return [problem('Access', `The CRD ${CRD} is not installed.`, apply)];
  if (crd.state === 'unknown')
    return [warning('Access', `The CRD cannot be seen: ${crd.why}.`, askFor('get', `crd/${CRD}`))];
  const { spec, status } = crd.value;
  const ours = spec.versions.find(({ name }) => name === VERSION);
  const established = status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True');
  if (ours?.served !== true || established !== true) {
    const state = ours === undefined ? 'does not have' : ours.served ? 'is not established with' : 'does not serve';
    return [problem('Access', `The CRD ${state} ${VERSION}, which this plugin speaks.`, apply)];
  }
  const stored = status?.storedVersions ?? [];
  const storage = spec.versions.find((one) => one.storage)?.name ?? VERSION;
  const old = stored.filter((name) => name !== storage);
  const findings: Finding[] = [
    ok('Access', `CRD ${CRD}: ${VERSION} is served, ${stored.join(', ')} stored`),
    ...(old.length === 0
      ? []
      : [
          warning(
            'Access',
            `Objects may still be stored as ${old.join(', ')}.`,
            // What is written again is stored as the newest version; that there is nothing older is said by hand.
            [
              `kubectl get ${CRD} -A -o yaml | kubectl replace -f -`,
              `kubectl patch crd ${CRD} --subresource status --type merge -p '{"status":{"storedVersions":["${storage}"]}}'`,
            ].join('\n'),
          ),
        ]),
  ];
  return [...findings, ...compareFields(fieldsOf(ours.schema?.openAPIV3Schema?.properties?.['spec']), version, apply)];
}

/** Compares the fields of the spec with those that this plugin knows: the CRD bears no version of its own. */
function compareFields(inCluster: ReadonlySet<string>, version: string, apply: string): Finding[] {
  const known = fieldsOf(z.toJSONSchema(deepSeekDeploymentSpec, { io: 'input', unrepresentable: 'any' }));
  const lacking = [...known].filter((path) => !inCluster.has(path));
  const newer = [...inCluster].filter((path) => !known.has(path));
  if (lacking.length > 0)
    return [problem('Access', `The CRD is older than this plugin (${version}): it lacks ${someOf(lacking)}.`, apply)];
  if (newer.length > 0)
    return [
      warning(
        'Access',
        `This plugin (${version}) is older than the CRD: it does not know ${someOf(newer)}.`,
        UPGRADE_PLUGIN,
      ),
    ];
  return [ok('Access', `The CRD has the ${known.size} fields of this plugin (${version})`)];
}

/** A JSON schema, or one of OpenAPI, as far as it has fields. */
interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly items?: unknown;
}

/** Paths of all fields below, lists as what they hold. */
function fieldsOf(schema: unknown, path = ''): Set<string> {
  const { properties = {}, items } = (schema ?? {}) as Schema;
  const below = Object.entries(properties).flatMap(([name, child]) => {
    const at = path === '' ? name : `${path}.${name}`;
    return [at, ...fieldsOf(child, at)];
  });
  return new Set([...below, ...(items === undefined ? [] : fieldsOf(items, path))]);
}

function checkUser({ lacks, namespace, user }: Facts): Finding {
  if (lacks.state !== 'known') return warning('Access', 'What you may do cannot be asked.', askFor('get', PLURAL));
  if (lacks.value.length === 0) return ok('Access', `You may do all that the plugin does in namespace ${namespace}`);
  const consequences = [...new Set(lacks.value.map(({ without }) => without ?? ''))].join('; ');
  const message = `You may not ${permissionsOf(lacks.value)} in namespace ${namespace}. Missing without it: ${consequences}.`;
  // Ours is part of Kubernetes' own `edit`, which has pods, their logs and revisions, too.
  const role = lacks.value.every(({ group }) => group === GROUP) ? EDITOR : 'edit';
  const binding = `kubectl -n ${namespace} create rolebinding models-${role} --clusterrole=${role}`;
  return warning('Access', message, `${binding} --user=${valueOf(user) ?? 'NAME'}`);
}

/** `get, list pods; create secrets`, at most three kinds. */
export function permissionsOf(permissions: readonly Permission[]): string {
  const verbs = Map.groupBy(permissions, ({ group, resource }) => (group === '' ? resource : `${resource}.${group}`));
  const kinds = [...verbs].map(([kind, of]) => `${[...new Set(of.map(({ verb }) => verb))].join(', ')} ${kind}`);
  return someOf(kinds, '; ');
}

export function someOf(names: readonly string[], separator = ', '): string {
  const more = names.length - 3;
  return `${names.slice(0, 3).join(separator)}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Whom to ask: the one who may look. */
export const askFor = (verb: string, what: string): string => `kubectl auth can-i ${verb} ${what}`;
