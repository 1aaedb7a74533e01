import { formatTokens, type MemoryDemand } from '../../operator/planner/index.ts';
import { factWidth, type FactLayout } from '../support/facts.ts';
import { formatCount, formatGiB } from '../support/phrases.ts';
import { type Line, paint, span } from '../support/styled.ts';
import { type Cell, layOutTable } from '../support/table.ts';
import type { Terminal } from '../support/terminal.ts';
import { memoryBar, type MemoryPart, sign } from './memory-bar.ts';
import type { PlanOutput } from './verdict.ts';

/** A longer bar says no more. */
const LONGEST_BAR = 72;
const SHORTEST_BAR = 8;
/** Less reads as 0.0 GiB. */
const VISIBLE_GIB = 0.05;
const OVERHEAD = 'activations, graphs, buffers';

/** The memory of one device as a bar, and its legend in numbers below it. */
export function memoryPicture(plan: PlanOutput, terminal: Terminal, layout: FactLayout): string[] {
  const parts = memoryParts(plan);
  const { gpuMemoryGiB } = plan;
  const cells = cellsBeside(gpuMemoryGiB, terminal, layout);
  const bar = paint([memoryBar(parts, cells, terminal)], terminal);
  return [`${bar} ${formatGiB(gpuMemoryGiB)}`, ...legend(parts, gpuMemoryGiB, terminal, layout)];
}

/** What one device would have to hold, and below it in the same scale what it gives. Shares are of what it gives. */
export function demandPicture(
  { usableGiBPerGPU, weightsGiBPerGPU, overheadGiBPerGPU, kvCacheGiBPerGPU, tokens }: MemoryDemand,
  terminal: Terminal,
  layout: FactLayout,
): { readonly needs: string[]; readonly gives: string[] } {
  const parts: readonly MemoryPart[] = [
    { name: 'weights', gib: weightsGiBPerGPU },
    { name: 'overhead', gib: overheadGiBPerGPU, note: OVERHEAD },
    { name: 'KV cache', gib: kvCacheGiBPerGPU, note: `one sequence of ${formatTokens(tokens)}` },
  ];
  const total = weightsGiBPerGPU + overheadGiBPerGPU + kvCacheGiBPerGPU;
  const cells = cellsBeside(total, terminal, layout);
  const bar = paint([memoryBar(parts, cells, terminal)], terminal);
  const given = paint([[sign(parts.length, Math.round((usableGiBPerGPU / total) * cells), terminal)]], terminal);
  return {
    needs: [`${bar} ${formatGiB(total)}`, ...legend(parts, usableGiBPerGPU, terminal, layout)],
    gives: [`${given} ${formatGiB(usableGiBPerGPU)}`],
  };
}

/** The length of a bar that has its size written behind it. */
function cellsBeside(gib: number, terminal: Terminal, layout: FactLayout): number {
  const room = factWidth(terminal, layout) - formatGiB(gib).length - 1;
  return Math.max(SHORTEST_BAR, Math.min(LONGEST_BAR, room));
}

/** What the memory of one device is used for; together they are all of it. */
export function memoryParts(plan: PlanOutput): MemoryPart[] {
  const { weightsGiBPerGPU, overheadGiBPerGPU, kvCacheGiBPerGPU, gpuMemoryGiB, usableGiBPerGPU } = plan;
  const free = gpuMemoryGiB - weightsGiBPerGPU - overheadGiBPerGPU - kvCacheGiBPerGPU;
  return [
    { name: 'weights', gib: weightsGiBPerGPU, note: plan.ggufType ?? plan.quantization },
    { name: 'overhead', gib: overheadGiBPerGPU, note: OVERHEAD },
    { name: 'KV cache', gib: kvCacheGiBPerGPU, note: `${formatCount(plan.kvCacheTokens)} tokens in a replica` },
    ...(free >= VISIBLE_GIB
      ? [{ name: 'not used', gib: free, note: `${plan.engine} may use ${formatGiB(usableGiBPerGPU)}` }]
      : []),
  ];
}

function legend(parts: readonly MemoryPart[], ofGiB: number, terminal: Terminal, layout: FactLayout): string[] {
  const column = (text: (part: MemoryPart) => string): Cell[] => parts.map((part) => span(text(part)));
  const signs = parts.map((part, index): readonly Line[] => [[sign(index, part.gib > 0 ? 1 : 0, terminal)]]);
  const share = ({ gib }: MemoryPart): string => `${Math.round((gib / ofGiB) * 100)} %`;
  return layOutTable(
    [
      { header: '', cells: signs },
      { header: '', cells: column(({ name }) => name) },
      { header: '', cells: column(({ gib }) => formatGiB(gib)), align: 'right' },
      { header: '', cells: column(share), align: 'right' },
      {
        header: '',
        cells: parts.map(({ note = '' }) => span(note, 'dim')),
        shrink: { keep: 'all', min: 12 },
      },
    ],
    { ...terminal, width: factWidth(terminal, layout) },
    { gap: 2 },
  ).split('\n');
}
