import { readFile } from 'node:fs/promises';

/** Memory of a process as Linux counts it, megabytes (10^6 bytes). */
export interface ProcessMemory {
  /** Resident, with the pages of the node binary that it shares with other processes. */
  readonly rss: number;
  /** Of it what is its own: heap, stacks, buffers. */
  readonly anonymous: number;
  /** Of it pages of files, mostly of the node binary: shared with every other process that runs it. */
  readonly file: number;
  /** The highest that rss has been. */
  readonly peak: number;
}

const MEGABYTE = 1e6;

/** Reads /proc/PID/status; Linux only. */
export async function readMemory(pid: number): Promise<ProcessMemory> {
  return parseMemory(await readFile(`/proc/${pid}/status`, 'utf8'));
}

export function parseMemory(status: string): ProcessMemory {
  const megabytes = (field: string): number => {
    const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
    if (kibibytes === undefined) throw new Error(`/proc/PID/status has no ${field}`);
    return (Number(kibibytes) * 1024) / MEGABYTE;
  };
  return {
    rss: megabytes('VmRSS'),
    anonymous: megabytes('RssAnon'),
    file: megabytes('RssFile'),
    peak: megabytes('VmHWM'),
  };
}

/** USER_HZ, which Linux has fixed for user space. */
const TICKS_PER_SECOND = 100;

/** Processor time that a process has used, seconds. */
export async function readCpuSeconds(pid: number): Promise<number> {
  return parseCpuSeconds(await readFile(`/proc/${pid}/stat`, 'utf8'));
}

export function parseCpuSeconds(stat: string): number {
  // The second field, the name, may hold blanks; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
