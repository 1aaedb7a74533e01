import { formatTokens } from '../../operator/planner/index.ts';
import { fact, type FactLayout, factWidth, prose, proseFact, tinted } from '../support/facts.ts';
import { formatCount, formatEstimate, formatGiB, safe, times } from '../support/phrases.ts';
import type { Terminal } from '../support/terminal.ts';
import { alternativesTable, isSlice } from './alternatives.ts';
import { demandPicture, memoryPicture } from './memory-picture.ts';
import { shellCommand } from './shell-command.ts';
import type { PlanOutput, Verdict } from './verdict.ts';

const INDENT = 2;
/** What a whole GPU is called as a resource; other names are worth saying. */
const WHOLE_GPU = 'nvidia.com/gpu';
const LAYOUT: FactLayout = { indent: INDENT, labels: 14 };

/** The verdicts as text for people. */
export function renderVerdicts(verdicts: readonly Verdict[], terminal: Terminal): string {
  const pages = verdicts.map((verdict) => verdictLines(verdict, terminal).join('\n'));
  return `${pages.join('\n\n')}\n`;
}

function verdictLines(verdict: Verdict, terminal: Terminal): string[] {
  const { accepted, reason, message, plan, namespace } = verdict;
  const name = namespace === undefined ? verdict.name : `${namespace}/${verdict.name}`;
  const outcome = tinted(accepted ? 'accepted' : `refused: ${reason}`, accepted ? 'good' : 'bad', terminal);
  const rest = plan === undefined ? refusalLines(verdict, terminal) : planLines(plan, terminal);
  return [
    `${tinted(safe(name, terminal), 'strong', terminal)}  ${outcome}`,
    ...prose(safe(message, terminal), INDENT, terminal),
    ...(rest.length > 0 ? ['', ...rest] : []),
  ];
}

/** What is missing as a picture, where it is memory, and what would fit. */
function refusalLines(verdict: Verdict, terminal: Terminal): string[] {
  const { memory } = verdict;
  const table = alternativesTable(verdict, terminal);
  if (memory === undefined) return table;
  const { needs, gives } = demandPicture(memory, terminal, LAYOUT);
  const picture = [...fact('Needs', needs, terminal, LAYOUT), ...fact('Gives', gives, terminal, LAYOUT)];
  return table.length === 0 ? picture : [...picture, '', ...table];
}

function planLines(plan: PlanOutput, terminal: Terminal): string[] {
  const words = (label: string, text: string): string[] => proseFact(label, safe(text, terminal), terminal, LAYOUT);
  return [
    ...words('Engine', `${plan.engine} ${plan.engineVersion} (${plan.image})`),
    ...words('Weights', weightsText(plan)),
    ...words(plan.device === 'CPU' ? 'Device' : 'GPUs', hardwareText(plan, terminal)),
    ...fact(memoryLabel(plan), memoryPicture(plan, terminal, LAYOUT), terminal, LAYOUT),
    ...words(
      'Context',
      `${formatTokens(plan.maxModelLen)}, ${formatCount(plan.maxConcurrency)} at once; at most ${plan.maxNumSeqs} sequences run together`,
    ),
    ...words('Host', hostText(plan)),
    ...words('Start', startText(plan)),
    ...fact('Command', commandLines(plan, terminal), terminal, LAYOUT),
    ...plan.warnings.flatMap((warning, index) =>
      proseFact(index === 0 ? 'Warnings' : '', safe(warning, terminal), terminal, LAYOUT, 'progress'),
    ),
  ];
}

function weightsText({ repository, source, quantization, ggufType, checkpointGiB }: PlanOutput): string {
  const from = {
    HuggingFace: 'the hub',
    PersistentVolumeClaim: 'the mounted volume',
    Image: 'the image volume',
    ObjectStorage: 'object storage',
  }[source];
  const format = ggufType === undefined ? quantization : `${quantization} ${ggufType}`;
  return `${repository ?? `from ${from}`}, ${format}, ${formatGiB(checkpointGiB)} of files`;
}

function hardwareText(plan: PlanOutput, terminal: Terminal): string {
  const { gpusPerReplica, accelerator, resourceName, tensorParallel, pipelineParallel, expertParallel } = plan;
  const splits = [
    [tensorParallel, 'tensor parallel'],
    [pipelineParallel, 'pipeline parallel'],
    [expertParallel, 'expert parallel'],
  ] as const;
  const gpus = isSlice(resourceName)
    ? `${times(gpusPerReplica, resourceName, terminal)} of ${accelerator}`
    : times(gpusPerReplica, accelerator, terminal);
  const renamed = resourceName !== undefined && resourceName !== WHOLE_GPU && !isSlice(resourceName);
  return [
    gpusPerReplica === 0 ? `${accelerator}, no GPU` : gpus,
    ...(renamed ? [resourceName] : []),
    ...splits.flatMap(([ways, name]) => (ways > 1 ? [`${name} ${ways}`] : [])),
  ].join(', ');
}

function memoryLabel({ device, gpusPerReplica }: PlanOutput): string {
  if (device === 'CPU') return 'Memory';
  return device === 'UnifiedMemory' ? 'Memory' : gpusPerReplica > 1 ? 'Each GPU' : 'GPU memory';
}

function hostText({ host }: PlanOutput): string {
  const { cpu, memoryRequestGiB, memoryLimitGiB, sharedMemoryGiB, ephemeralStorageGiB } = host;
  return [
    `${cpu} CPU`,
    `${memoryRequestGiB} GiB of memory (limit ${memoryLimitGiB} GiB)`,
    ...(sharedMemoryGiB > 0 ? [`${sharedMemoryGiB} GiB shared memory`] : []),
    ...(ephemeralStorageGiB > 0 ? [`${ephemeralStorageGiB} GiB disk`] : []),
  ].join(', ');
}

/** `download 3 min, load 1 min, compile 2 min: expect about 6 min, budget 12 min`. */
function startText({ startup, startupBudgetSeconds }: PlanOutput): string {
  const phases = [
    [startup.downloadSeconds, 'download'],
    [startup.loadSeconds, 'load'],
    [startup.compileSeconds, 'compile'],
    [startup.warmUpSeconds, 'warm up'],
  ] as const;
  const shown = phases.flatMap(([seconds, name]) => (seconds >= 1 ? [`${name} ${formatEstimate(seconds)}`] : []));
  const sum = phases.reduce((total, [seconds]) => total + seconds, 0);
  const budget = `budget ${formatEstimate(startupBudgetSeconds)}`;
  return shown.length === 0 ? budget : `${shown.join(', ')}: expect about ${formatEstimate(sum)}, ${budget}`;
}

function commandLines({ command }: PlanOutput, terminal: Terminal): string[] {
  return shellCommand(
    command.map((word) => safe(word, terminal)),
    factWidth(terminal, LAYOUT),
  );
}
