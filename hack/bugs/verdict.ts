/** What the tests say of a bug: a test fails or hangs, none does, or the patch has made a file that cannot be loaded. */
export interface Verdict {
  readonly outcome: 'caught' | 'missed' | 'invalid';
  /** The first test that failed, or why there is none. */
  readonly by: string;
}

const CANNOT_LOAD = 'Test suite failed to run';

/**
 * Reads what jest has printed.
 *
 * @param code its exit status; null: it was killed after its time
 */
export function verdictOf(code: number | null, printed: string): Verdict {
  if (code === 0) return { outcome: 'missed', by: 'no test' };
  if (code === null) return { outcome: 'caught', by: 'the tests hang' };
  const failures = [...printed.matchAll(/^ {2}● (.+)$/gm)].flatMap(([, name = '']) => name);
  const first = failures.find((name) => name !== CANNOT_LOAD && name !== 'Console');
  if (first !== undefined) return { outcome: 'caught', by: first };
  // That a file does not load is no test’s merit: each bug of this kind would be seen.
  const why = failures.length > 0 ? CANNOT_LOAD : (printed.trim().split('\n').at(-1) ?? 'no word');
  return { outcome: 'invalid', by: why };
}
