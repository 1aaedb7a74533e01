import type { EngineEntry, EngineVersion, QuantizationSupport } from '../../operator/catalog/index.ts';
import { span } from '../support/styled.ts';
import type { Terminal } from '../support/terminal.ts';
import { type Detail, detailPage, rows } from './detail.ts';
import { listTable } from './listing.ts';

/** One engine in one version. */
export interface EngineRelease extends EngineVersion {
  readonly name: string;
}

/** Newest first; the first is the default. */
function releasesOf({ type, versions }: EngineEntry): EngineRelease[] {
  return versions.map((version) => ({ name: type, ...version }));
}

const DRAINS = {
  Drains: 'ends running requests first',
  DrainsWhenTold: 'ends running requests first when told for how long',
  Cuts: 'running requests stop at once (so preStop waits for them)',
} as const;
const NEW_REQUESTS = {
  Served: 'are served',
  Error500: 'get a 500',
  Error503: 'get a 503',
  Refused: 'are refused',
} as const;
const HEALTH = { Ok: 'still says 200', Error503: 'says 503', Refused: 'is gone' } as const;

const MEMORY = {
  FractionOfTotal: 'a share of all memory',
  StaticFraction: 'a share of all memory, for weights and KV cache',
  FractionOfFree: 'a share of what weights and activations leave, for the KV cache',
  None: 'nothing: it takes what the context needs',
} as const;

const formats = ({ quantizations }: EngineVersion): string[] => [
  ...new Set(quantizations.map(({ quantization }) => quantization)),
];

export function enginesTable(engines: readonly EngineEntry[], terminal: Terminal): string {
  return listTable(
    engines.flatMap(releasesOf),
    [
      { header: 'NAME', cell: ({ name }) => span(name, 'strong') },
      { header: 'VERSION', cell: ({ version }) => span(version) },
      { header: 'ON', cell: ({ images }) => span(Object.keys(images).join(' ')), dispensable: 2 },
      { header: 'FORMATS', cell: (release) => span(formats(release).join(' ')), shrink: { keep: 'all', min: 20 } },
      { header: 'PORT', cell: ({ endpoints }) => span(String(endpoints.port)), align: 'right', dispensable: 3 },
      { header: 'AT SIGTERM', cell: ({ drain }) => span(drain.onSigterm), dispensable: 1 },
      {
        header: 'IMAGE',
        cell: ({ images }) => span(Object.values(images)[0] ?? '-'),
        dispensable: 4,
        shrink: { keep: 'ends', min: 24 },
      },
    ],
    terminal,
  );
}

export function enginePage(engine: EngineEntry, terminal: Terminal): string {
  return releasesOf(engine)
    .map((release) => releasePage(release, engine, terminal))
    .join('\n');
}

function releasePage(release: EngineRelease, { flagHistory }: EngineEntry, terminal: Terminal): string {
  const { images, endpoints, drain, quantizations, architectures, memory } = release;
  const details: Detail[] = [
    ['Images', rows(Object.entries(images).map(([device, image]) => [device, image]))],
    ['Formats', rows(quantizations.map((support) => [support.quantization, where(support), support.warning ?? '']))],
    [
      'Models',
      rows(
        architectures.map(({ classes, devices, from, warning }) => [
          where({ ...(devices && { devices }), ...(from !== undefined && { from }) }),
          `${classes.join(', ')}${warning === undefined ? '' : ` (${warning})`}`,
        ]),
      ),
    ],
    ['Endpoints', `port ${endpoints.port}, health ${endpoints.health}, metrics ${endpoints.metrics}`],
    ['Metrics', rows(Object.entries(release.metrics).map(([signal, name]) => [signal, name]))],
    [
      'At SIGTERM',
      `${DRAINS[drain.onSigterm]}; new requests ${NEW_REQUESTS[drain.newRequests]}, its health endpoint ${HEALTH[drain.health]}`,
    ],
    [
      'Memory',
      `${Math.round(memory.utilization * 100)} % of what is visible is planned with; the engine is told ${MEMORY[memory.setting]}`,
    ],
    ['Command line', `${release.flags.length} flags; ${flagHistory.length} more of other versions are known`],
  ];
  return detailPage(`${release.name} ${release.version}`, details, release.sources, terminal);
}

/** `from 8.0, below 8.9`; `CPU`. */
function where({ devices, from, before }: Partial<Pick<QuantizationSupport, 'devices' | 'from' | 'before'>>): string {
  return [
    ...(devices === undefined ? [] : [devices.join(', ')]),
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(before === undefined ? [] : [`below ${before}`]),
  ].join(', ');
}
