import type { RolloutPhase } from '../../../operator/api/index.ts';
import type { Promises } from '../../reconcile/traffic.ts';
import type { Run } from './run.ts';

/**
 * What people and the world do to one DeepSeekDeployment called `chat`. The script says what happens and what it waits for; operators
 * may die at any moment of it, and it has to come to the same end.
 */
export interface Scenario {
  readonly name: string;
  /** GPUs of its own nodes. */
  readonly pool: { readonly nodes?: number; readonly gpusPerNode: number };
  readonly replicas: number;
  /** Parts of the spec. */
  readonly spec?: { readonly rollout?: object; readonly [field: string]: unknown };
  /** `Nothing`: writes are counted from the creation on; `Serving`: from when the first version serves. */
  readonly begin: 'Nothing' | 'Serving';
  /** What goes on all the time, from before the first version on, until the signal. */
  readonly beside?: (run: Run, end: AbortSignal) => Promise<void>;
  readonly act: (run: Run) => Promise<void>;
  readonly end: {
    /** Default Idle. */
    readonly phase?: RolloutPhase | 'Deleted';
    /** Deployments that are left; default 1. */
    readonly deployments?: number;
    /** Pods that are left; default: replicas. */
    readonly pods?: number;
  };
  /** At the end somebody else goes on changing what the status tells of, in a time of his own: a real HPA. */
  readonly goesOn?: true;
  /** What users see meanwhile. */
  readonly promises: Promises;
  /** Another model that the script makes beside `chat`, and says when its promises begin (`Run.serves`). */
  readonly other?: { readonly name: string; readonly promises: Promises };
}
