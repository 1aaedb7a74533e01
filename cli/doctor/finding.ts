/** How bad it is. `problem`: something does not work, or will not. `warning`: something will be less than it could be, or cannot be seen. */
export type Level = 'ok' | 'warning' | 'problem';

/** What was looked at, in the order of the page. */
export const AREAS = ['Access', 'Operator', 'Rights', 'Nodes', 'Metrics', 'Traffic', 'Storage', 'Models'] as const;
export type Area = (typeof AREAS)[number];

/** One thing that was looked at. */
export interface Finding {
  readonly area: Area;
  readonly level: Level;
  /** It is not there, and nothing needs it. */
  readonly absent?: true;
  /** A sentence, with numbers and names. */
  readonly message: string;
  /**
   * A command that fixes it, or shows more where only a person can say what to do. Several lines where it depends on what cannot be
   * seen: comments of the shell say which is whose. Absent where there is nothing to do.
   */
  readonly fix?: string;
}

export const ok = (area: Area, message: string): Finding => ({ area, level: 'ok', message });
export const absent = (area: Area, message: string): Finding => ({ area, level: 'ok', absent: true, message });
export const warning = (area: Area, message: string, fix?: string): Finding => ({
  ...{ area, level: 'warning', message },
  ...(fix !== undefined && { fix }),
});
export const problem = (area: Area, message: string, fix: string): Finding => ({
  area,
  level: 'problem',
  message,
  fix,
});

/** What came of asking the cluster. */
export type Answer<T> =
  | { readonly state: 'known'; readonly value: T }
  /** There is no such object, or no such kind. */
  | { readonly state: 'missing' }
  /** The user may not see it, or it does not answer. */
  | { readonly state: 'unknown'; readonly why: string };

/** The value, where there is one. */
export const valueOf = <T>(answer: Answer<T>): T | undefined => (answer.state === 'known' ? answer.value : undefined);

/** `1 node`, `2 nodes`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
