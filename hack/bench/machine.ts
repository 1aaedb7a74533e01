import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** Where figures were measured: without it a number in seconds or megabytes says little. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Load average of the last minute before the measurement. */
  readonly load: number;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    load: loadavg()[0] ?? 0,
  };
}

/** `2 cores (AMD EPYC), 24 GiB`. */
export function describeCpu({ cores, cpu, memoryGiB }: Pick<Machine, 'cores' | 'cpu' | 'memoryGiB'>): string {
  return `${cores} cores (${cpu}), ${memoryGiB} GiB`;
}

export function machineLine(machine: Machine): string {
  const { system, node, load } = machine;
  return `${describeCpu(machine)}, ${system}, Node ${node}, load ${load.toFixed(1)} at the start`;
}

/** Why the figures are not to be trusted, if so. */
export function machineWarning({ load, cores }: Machine): string | undefined {
  if (load <= cores) return undefined;
  return `The machine is busy: a load of ${load.toFixed(1)} on ${cores} cores. Counts hold; seconds are too high, and ratios of seconds spread wide.`;
}
