/** A bug of a kind that a real operator had, put into ours; and the tests that have to see it. */
export interface Bug {
  readonly name: string;
  /** Where the kind is known from. */
  readonly like: string;
  readonly file: string;
  /** Text that stands in the file once, and what it becomes. */
  readonly from: string;
  readonly to: string;
  /** Test files of the unit tier, as patterns. */
  readonly tests: readonly string[];
}

/** Where kinds of bugs are known from. */
export const SIEVE = 'Sieve (OSDI 2022)';
export const ARGO = 'Argo Rollouts';
export const CLIENT = '@kubernetes/client-node and client-go';
export const ANVIL = 'Anvil (OSDI 2024)';
export const ACTO = 'Acto (SOSP 2023)';
