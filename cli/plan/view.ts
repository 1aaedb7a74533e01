import type { Alternative } from '../../operator/planner/index.ts';
import { formatDuration } from '../support/ages.ts';
import { type Line, paint, span, type Tone } from '../support/styled.ts';
import type { Terminal } from '../support/terminal.ts';
import { pad, printable, toAscii, wrap } from '../support/text.ts';
import { shellCommand } from './shell-command.ts';
import type { PlanOutput, Verdict } from './verdict.ts';

const INDENT = '  ';
const LABEL_WIDTH = 14;

/** The verdicts as text for people. */
export function renderVerdicts(verdicts: readonly Verdict[], terminal: Terminal): string {
  const lines = verdicts.flatMap((verdict, index) => [
    ...(index === 0 ? [] : [[]]),
    ...verdictLines(verdict, terminal),
  ]);
  const safe = lines.map((line) =>
    line.map(({ text, tone }) => span(terminal.unicode ? printable(text) : toAscii(printable(text)), tone)),
  );
  return `${paint(safe, terminal)}\n`;
}

function verdictLines(verdict: Verdict, terminal: Terminal): Line[] {
  const { accepted, reason, message, plan } = verdict;
  const name = verdict.namespace === undefined ? verdict.name : `${verdict.namespace}/${verdict.name}`;
  const head: Line = [
    span(name, 'strong'),
    span('  '),
    span(accepted ? 'accepted' : `refused: ${reason}`, accepted ? 'good' : 'bad'),
  ];
  return [
    head,
    ...paragraph(message, INDENT.length, terminal, 'plain'),
    ...(plan === undefined ? alternativeLines(verdict.alternatives, terminal) : planLines(plan, terminal)),
  ];
}

function planLines(plan: PlanOutput, terminal: Terminal): Line[] {
  const gib = (value: number): string => `${value.toFixed(1)} GiB`;
  const count = (value: number): string => value.toLocaleString('en-US');
  const { host } = plan;
  const memory: [string, string][] = [
    [gib(plan.weightsGiBPerGPU), 'weights'],
    [gib(plan.overheadGiBPerGPU), 'activations, graphs, buffers'],
    [gib(plan.kvCacheGiBPerGPU), `KV cache: ${count(plan.kvCacheTokens)} tokens in a replica`],
  ];
  const fields: [string, string[]][] = [
    ['Engine', [`${plan.engine} ${plan.engineVersion} (${plan.image})`]],
    ['Weights', [`${plan.repository ?? 'from the mounted volume'}, ${plan.quantization}`]],
    ['GPUs', [`${plan.gpusPerReplica} x ${plan.accelerator}${parallelism(plan)}`]],
    [
      'GPU memory',
      [
        `${gib(plan.usableGiBPerGPU)} of ${gib(plan.gpuMemoryGiB)} (${Math.round(plan.gpuMemoryUtilization * 100)} %) of each GPU`,
        ...memory.map(([size, what]) => `${size.padStart(9)}  ${what}`),
      ],
    ],
    [
      'Context',
      [
        `${count(plan.maxModelLen)} tokens, ${plan.maxConcurrency} at once; at most ${plan.maxNumSeqs} sequences run together`,
      ],
    ],
    [
      'Host',
      [
        `${host.cpu} CPU, ${host.memoryRequestGiB} GiB (limit ${host.memoryLimitGiB} GiB), ${host.sharedMemoryGiB} GiB shared memory${host.ephemeralStorageGiB > 0 ? `, ${host.ephemeralStorageGiB} GiB disk` : ''}`,
      ],
    ],
    ['Ready', [`within ${formatDuration(plan.startupBudgetSeconds)} of the container's start`]],
    ['Command', shellCommand(plan.command, terminal.width - INDENT.length - LABEL_WIDTH)],
  ];
  return [
    [],
    ...fields.flatMap(([label, values]) => fieldLines(label, values, terminal)),
    ...plan.warnings.flatMap((warning, index) =>
      fieldLines(index === 0 ? 'Warnings' : '', [warning], terminal, 'progress'),
    ),
  ];
}

function parallelism({ tensorParallel, pipelineParallel }: PlanOutput): string {
  if (tensorParallel * pipelineParallel === 1) return '';
  return `, tensor parallel ${tensorParallel}${pipelineParallel > 1 ? `, pipeline parallel ${pipelineParallel}` : ''}`;
}

function fieldLines(label: string, values: readonly string[], terminal: Terminal, tone: Tone = 'plain'): Line[] {
  const width = terminal.width - INDENT.length - LABEL_WIDTH;
  return values
    .flatMap((value) => (label === 'Command' || value.startsWith(' ') ? [value] : wrap(value, width)))
    .map((text, index) => [span(INDENT), span(pad(index === 0 ? label : '', LABEL_WIDTH), 'dim'), span(text, tone)]);
}

/** Text over as many lines as it takes; lines after the first are indented by `hanging` more. */
function paragraph(text: string, indent: number, terminal: Terminal, tone: Tone, hanging = 0): Line[] {
  return wrap(text, terminal.width - indent - hanging).map((line, index) => [
    span(' '.repeat(indent + (index === 0 ? 0 : hanging))),
    span(line, tone),
  ]);
}

function alternativeLines(alternatives: readonly Alternative[], terminal: Terminal): Line[] {
  if (alternatives.length === 0) return [];
  const number = 3;
  return [
    [],
    [span(`${INDENT}What would fit, the cheapest first:`, 'strong')],
    ...alternatives.flatMap(({ summary, change }, index) => [
      ...paragraph(`${index + 1}. ${summary}`, INDENT.length, terminal, 'plain', number),
      ...paragraph(describeChange(change), INDENT.length + number, terminal, 'accent'),
    ]),
  ];
}

/** A merge patch as assignments: `spec.quantization.type: INT8, without spec.accelerator.count`. */
export function describeChange(change: Alternative['change']): string {
  const assignments = (value: unknown, path: string): string[] => {
    if (value === null) return [`without ${path}`];
    if (typeof value === 'string') return [`${path}: ${value}`];
    if (typeof value !== 'object' || Array.isArray(value)) return [`${path}: ${JSON.stringify(value)}`];
    return Object.entries(value).flatMap(([key, member]) => assignments(member, `${path}.${key}`));
  };
  return assignments(change, 'spec').join(', ');
}
