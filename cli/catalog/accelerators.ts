import type { AcceleratorEntry } from '../../operator/catalog/index.ts';
import { formatCount, formatGiB } from '../support/phrases.ts';
import { span } from '../support/styled.ts';
import type { Terminal } from '../support/terminal.ts';
import { type Detail, detailPage, rows } from './detail.ts';
import { listTable } from './listing.ts';

const DEVICES = { GPU: 'GPU', UnifiedMemory: 'GPU that shares the memory of its host', CPU: 'CPU' } as const;

export function acceleratorsTable(accelerators: readonly AcceleratorEntry[], terminal: Terminal): string {
  return listTable(
    accelerators,
    [
      { header: 'NAME', cell: ({ name }) => span(name, 'strong') },
      {
        header: 'MEMORY',
        cell: ({ memory }) => span(memory === undefined ? "the host's" : formatGiB(memory.visibleGiB)),
        align: 'right',
      },
      { header: 'CUDA', cell: ({ computeCapability }) => span(computeCapability ?? '-'), align: 'right' },
      { header: 'LINK', cell: ({ device, interconnect }) => span(device === 'GPU' ? interconnect : '-') },
      { header: 'PER NODE', cell: ({ maxPerNode }) => span(String(maxPerNode)), align: 'right' },
      { header: 'RESOURCE', cell: ({ resourceName }) => span(resourceName ?? 'cpu, memory'), dispensable: 0 },
      {
        header: 'MIG',
        cell: ({ migProfiles = [] }) => span(migProfiles.length === 0 ? '-' : `${migProfiles.length} profiles`),
        dispensable: 1,
      },
      {
        header: 'KNOWN BY THE LABELS OF',
        cell: ({ nodeLabels }) => span([...new Set(nodeLabels.map(({ dialect }) => dialect))].join(', ') || '-'),
        dispensable: 2,
        shrink: { keep: 'start', min: 22 },
      },
    ],
    terminal,
  );
}

export function acceleratorPage(entry: AcceleratorEntry, terminal: Terminal): string {
  const { memory, migProfiles = [], nodeLabels, device, interconnect, maxPerNode } = entry;
  const details: Detail[] = [
    ['Device', DEVICES[device]],
    [
      'Memory',
      memory === undefined
        ? 'what the container asks for: the plan says how much'
        : `${formatGiB(memory.visibleGiB)} for a process, of ${formatCount(memory.deviceMiB)} MiB on the device`,
    ],
    ['Compute capability', entry.computeCapability],
    ['Interconnect', device === 'GPU' ? interconnect : undefined],
    ['In one node', `at most ${maxPerNode}`],
    ['Resource', entry.resourceName ?? 'cpu and memory of the node'],
    ['MIG profiles', rows(migProfiles.map(({ resourceName, visibleGiB }) => [resourceName, formatGiB(visibleGiB)]))],
    [
      'Node labels',
      rows(
        nodeLabels.flatMap(({ dialect, requirements }) =>
          requirements.map(({ key, values }, index) => [index === 0 ? dialect : '', `${key}: ${values.join(' or ')}`]),
        ),
      ),
    ],
  ];
  return detailPage(entry.name, details, entry.sources, terminal);
}
