import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PodRecord, SimulatorControl } from './control/types.ts';

/** What one GPU shows. Memory in MiB, as dcgm-exporter has it. */
export interface GpuReading {
  readonly temperatureCelsius: number;
  readonly memoryUsedMiB: number;
  readonly memoryFreeMiB: number;
  readonly utilizationPercent: number;
  readonly powerWatts: number;
  /** The last XID error; 0 is none. */
  readonly xid: number;
}

/** Plays dcgm-exporter for the GPUs of all simulated engine pods: one GPU for each pod that runs. */
export interface DcgmExporter extends AsyncDisposable {
  /** `127.0.0.1:port`; `/metrics` is there. */
  readonly address: string;
  /** Bends what the GPU of the pod of this name shows. */
  set(pod: string, reading: Partial<GpuReading>): void;
}

/** Name, type and help of dcgm-exporter's default counters (etc/default-counters.csv), as far as they are played. */
const METRICS: readonly (readonly [name: string, help: string, read: (reading: GpuReading) => number])[] = [
  ['DCGM_FI_DEV_GPU_TEMP', 'GPU temperature (in C).', ({ temperatureCelsius }) => temperatureCelsius],
  ['DCGM_FI_DEV_POWER_USAGE', 'Power draw (in W).', ({ powerWatts }) => powerWatts],
  ['DCGM_FI_DEV_GPU_UTIL', 'GPU utilization (in %).', ({ utilizationPercent }) => utilizationPercent],
  ['DCGM_FI_DEV_XID_ERRORS', 'Value of the last XID error encountered.', ({ xid }) => xid],
  ['DCGM_FI_DEV_FB_FREE', 'Framebuffer memory free (in MiB).', ({ memoryFreeMiB }) => memoryFreeMiB],
  ['DCGM_FI_DEV_FB_USED', 'Framebuffer memory used (in MiB).', ({ memoryUsedMiB }) => memoryUsedMiB],
];

export async function startDcgmExporter(control: Pick<SimulatorControl, 'pods'>): Promise<DcgmExporter> {
  const bent = new Map<string, Partial<GpuReading>>();
  const server = createServer((_, response) => {
    void control.pods().then(
      (pods) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(render(pods, bent)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (pod, reading) => void bent.set(pod, { ...bent.get(pod), ...reading }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An engine holds nearly all of its memory from its start on, and any request makes the GPU busy. */
function readingOf({ requests }: PodRecord): GpuReading {
  const busy = requests.inFlight > 0;
  return {
    temperatureCelsius: busy ? 64 : 41,
    memoryUsedMiB: 72_000,
    memoryFreeMiB: 8_000,
    utilizationPercent: busy ? 100 : 0,
    powerWatts: busy ? 510 : 95,
    xid: 0,
  };
}

function render(pods: readonly PodRecord[], bent: ReadonlyMap<string, Partial<GpuReading>>): string {
  const running = pods.filter(({ address }) => address !== undefined);
  return METRICS.map(([name, help, read]) => {
    const samples = running.map((pod) => {
      const labels = {
        gpu: '0',
        UUID: `GPU-${pod.uid}`,
        pci_bus_id: '00000000:01:00.0',
        device: 'nvidia0',
        modelName: 'NVIDIA H100 80GB HBM3',
        Hostname: pod.node,
        DCGM_FI_DRIVER_VERSION: '580.65.06',
        container: 'engine',
        namespace: pod.namespace,
        pod: pod.name,
      };
      const text = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
      return `${name}{${text.join(',')}} ${read({ ...readingOf(pod), ...bent.get(pod.name) })}\n`;
    });
    return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${samples.join('')}`;
  }).join('');
}
