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

/** The memory of one device as a bar, and its legend in numbers below it. */
export function memoryPicture(plan: PlanOutput, terminal: Terminal, layout: FactLayout): string[] {
  const parts = memoryParts(plan);
  const total = ` ${formatGiB(plan.gpuMemoryGiB)}`;
  const room = factWidth(terminal, layout) - total.length;
  const cells = Math.max(SHORTEST_BAR, Math.min(LONGEST_BAR, room));
  return [paint([memoryBar(parts, cells, terminal)], terminal) + total, ...legend(parts, plan, terminal, layout)];
}

/** What the memory of one device is used for; together they are all of it. */
export function memoryParts(plan: PlanOutput): MemoryPart[] {
  const { weightsGiBPerGPU, overheadGiBPerGPU, kvCacheGiBPerGPU, gpuMemoryGiB, usableGiBPerGPU } = plan;
  const free = gpuMemoryGiB - weightsGiBPerGPU - overheadGiBPerGPU - kvCacheGiBPerGPU;
  return [
    { name: 'weights', gib: weightsGiBPerGPU, note: plan.ggufType ?? plan.quantization },
    { name: 'overhead', gib: overheadGiBPerGPU, note: 'activations, graphs, buffers' },
    { name: 'KV cache', gib: kvCacheGiBPerGPU, note: `${formatCount(plan.kvCacheTokens)} tokens in a replica` },
    ...(free >= VISIBLE_GIB
      ? [{ name: 'not used', gib: free, note: `${plan.engine} may use ${formatGiB(usableGiBPerGPU)}` }]
      : []),
  ];
}

function legend(parts: readonly MemoryPart[], plan: PlanOutput, terminal: Terminal, layout: FactLayout): string[] {
  const column = (text: (part: MemoryPart) => string): Cell[] => parts.map((part) => span(text(part)));
  const signs = parts.map((part, index): readonly Line[] => [[sign(index, part.gib > 0 ? 1 : 0, terminal)]]);
  const share = ({ gib }: MemoryPart): string => `${Math.round((gib / plan.gpuMemoryGiB) * 100)} %`;
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
