/** Engines without GPUs: plays the engine in every simulated pod of a cluster. See README.md in this folder. */
export { loopbackAddress } from './addresses.ts';
export { SimulatorClient } from './control/client.ts';
export { type Call, type Endpoint, Load, type LoadOptions, type LoadReport } from './load.ts';
export { SimulatorError } from './control/types.ts';
export { type DcgmExporter, type GpuReading, startDcgmExporter } from './dcgm-exporter.ts';
export type { PodRecord, SimulatorControl, SimulatorInfo } from './control/types.ts';
export type { PodState } from './names.ts';
export type { Failure, PodBehaviour, PodMatch, Rule } from './rules.ts';
export { nextRevisionRule, revisionRule } from './rules.ts';
export { nodeGpu } from './pods/gpu.ts';
export { startSimulator } from './simulator.ts';
export type { Simulator, SimulatorOptions } from './simulator.ts';
