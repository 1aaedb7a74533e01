import { createHash } from 'node:crypto';
import { z } from 'zod';

const Sbom = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  serialNumber: z.string(),
  metadata: z.looseObject({
    timestamp: z.string(),
    component: z.looseObject({ name: z.string(), 'bom-ref': z.string() }),
  }),
  components: z.array(z.looseObject({ 'bom-ref': z.string(), name: z.string() })),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

export interface SbomSubject {
  readonly name: string;
  readonly version: string;
  /** Names of the packages that it depends on; development apart. */
  readonly dependencies: readonly string[];
  /** The runtime in the image, which no lockfile names. */
  readonly nodeVersion: string;
}

/**
 * The software bill of materials (CycloneDX) of the image, made of what `npm sbom` prints: without the time, with a serial
 * number that follows from the content, under the package's name instead of its folder's, and with Node.js. Of the packages
 * those that it depends on: npm's own `--omit dev` leaves out what development depends on as well (npm 11.19.1).
 */
export function reproducibleSbom(printed: string, { name, version, dependencies, nodeVersion }: SbomSubject): string {
  const { serialNumber: _random, metadata, ...all } = Sbom.parse(JSON.parse(printed));
  const { timestamp: _now, component, ...about } = metadata;
  const kept = reachable(all, component['bom-ref'], new Set(dependencies));
  const rest = {
    ...all,
    components: all.components.filter((each) => kept.has(each['bom-ref'])),
    dependencies: all.dependencies
      .filter(({ ref }) => kept.has(ref))
      .map((each) => ({ ...each, dependsOn: each.dependsOn.filter((ref) => kept.has(ref)) })),
  };
  const sbom = {
    ...rest,
    metadata: { ...about, component: { ...component, name, version, type: 'application' } },
    components: [...rest.components, node(nodeVersion)].toSorted((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
  };
  const digest = createHash('sha256').update(JSON.stringify(sbom)).digest('hex');
  // The shape of a version 8 UUID, whose bits are its maker's.
  const uuid = digest.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
  return `${JSON.stringify({ ...sbom, serialNumber: `urn:uuid:${uuid}` }, null, 2)}\n`;
}

/** The root, the packages of these names that it depends on, and all that they do. */
function reachable(
  { components, dependencies }: Pick<z.infer<typeof Sbom>, 'components' | 'dependencies'>,
  root: string,
  names: ReadonlySet<string>,
): ReadonlySet<string> {
  const dependsOn = new Map(dependencies.map((each) => [each.ref, each.dependsOn]));
  const nameOf = new Map(components.map((each) => [each['bom-ref'], each.name]));
  const left = (dependsOn.get(root) ?? []).filter((ref) => names.has(nameOf.get(ref) ?? ''));
  const kept = new Set([root, ...left]);
  for (let ref = left.pop(); ref !== undefined; ref = left.pop()) {
    for (const next of dependsOn.get(ref) ?? []) {
      if (kept.has(next)) continue;
      kept.add(next);
      left.push(next);
    }
  }
  return kept;
}

function node(version: string) {
  return {
    'bom-ref': `node@${version}`,
    type: 'platform',
    name: 'node',
    version,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    licenses: [{ license: { id: 'MIT' } }],
  };
}
