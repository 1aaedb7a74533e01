/** States and what leads from one to the next. A problem is an error that is thrown. */
export interface Space<State, Step> {
  /** The first state. */
  begin(): State;
  copy(state: State): State;
  /** States with the same key have the same future. */
  keyOf(state: State): string;
  readonly steps: readonly Step[];
  /** Changes the state; throws where something is wrong on the way. */
  take(state: State, step: Step): void;
  /** Throws where the state does not come to an end once the world behaves. It may be changed. */
  end(state: State): void;
}

/** A way from the beginning to where something is wrong. */
export interface Problem {
  readonly path: readonly string[];
  readonly message: string;
}

export interface Explored {
  readonly states: number;
  readonly transitions: number;
  /** Steps from the beginning to the state that is farthest away. */
  readonly depth: number;
  /** Every state that can be reached was seen. */
  readonly isComplete: boolean;
  readonly problem?: Problem;
}

interface Seen<Step> {
  readonly parent: number;
  readonly by: Step | undefined;
  readonly depth: number;
}

/**
 * Goes through a space breadth-first, until every state was seen, or so many. Stops at the first problem: there is no shorter way
 * to one.
 */
export function explore<State, Step>(space: Space<State, Step>, limit: number): Explored {
  const keys = new Set<string>();
  const seen: Seen<Step>[] = [];
  let next: { readonly state: State; readonly index: number }[] = [];
  let transitions = 0;
  let at: Pick<Seen<Step>, 'parent' | 'by'> = { parent: -1, by: undefined };

  const visit = (state: State, { parent, by }: typeof at): void => {
    const key = space.keyOf(state);
    if (keys.has(key)) return;
    keys.add(key);
    const index = seen.push({ parent, by, depth: (seen[parent]?.depth ?? -1) + 1 }) - 1;
    next.push({ state, index });
    space.end(space.copy(state));
  };
  const result = (isComplete: boolean): Explored => ({
    ...{ states: seen.length, transitions, isComplete },
    depth: seen.at(-1)?.depth ?? 0,
  });
  const pathTo = ({ parent, by }: typeof at): string[] => {
    const before = seen[parent];
    return [...(before === undefined ? [] : pathTo(before)), ...(by === undefined ? [] : [JSON.stringify(by)])];
  };

  try {
    visit(space.begin(), at);
    while (next.length > 0) {
      const frontier = next;
      next = [];
      for (const { state, index } of frontier) {
        if (seen.length >= limit) return result(false);
        for (const by of space.steps) {
          at = { parent: index, by };
          const copy = space.copy(state);
          transitions++;
          space.take(copy, by);
          visit(copy, at);
        }
      }
    }
    return result(true);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ...result(false), problem: { path: pathTo(at), message } };
  }
}
