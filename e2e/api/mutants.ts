import { badObjects } from '../../operator/api/fixtures/bad/index.ts';
import { goodSpecs } from '../../operator/api/fixtures/good.ts';

type Path = readonly (string | number)[];

/** Every place in a value, its own root first. */
function places(value: unknown, path: Path = []): { path: Path; value: unknown }[] {
  const members = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [
    { path, value },
    ...members.flatMap(([key, member]) => places(member, [...path, Array.isArray(value) ? Number(key) : key])),
  ];
}

/** `path` without positions in lists: where in the schema it is. */
const schemaPath = (path: Path): string => path.map((key) => (typeof key === 'number' ? '[]' : key)).join('.');

const without = Symbol('taken away');

function replaced(value: unknown, [key, ...rest]: Path, next: unknown): unknown {
  if (key === undefined) return next;
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => (index === key ? keep(replaced(item, rest, next)) : [item]));
  }
  return Object.fromEntries(
    Object.entries(value as object).flatMap(([name, member]: [string, unknown]) =>
      name === key ? keep(replaced(member, rest, next)).map((kept) => [name, kept]) : [[name, member]],
    ),
  );
}

const keep = (value: unknown): unknown[] => (value === without ? [] : [value]);

const oddities: readonly unknown[] = ['', 'x', '5', -1, 1.5, true, [], {}];

/**
 * Every good spec with one place in it changed: taken away, replaced by what another spec (good or bad) has at the same
 * place, and by one odd value. Each one once.
 */
export function mutants(): unknown[] {
  const good: readonly unknown[] = Object.values(goodSpecs);
  const bad = badObjects.map(({ patch }) => (patch as { spec?: unknown }).spec);
  const pool = new Map<string, unknown[]>();
  for (const { path, value } of [...good, ...bad].flatMap((spec) => places(spec))) {
    pool.set(schemaPath(path), [...(pool.get(schemaPath(path)) ?? []), value]);
  }
  // The table of bad objects has these in it already, a megabyte each.
  const small = (value: unknown): boolean => JSON.stringify(value).length < 4096;
  const all = good.flatMap((spec) =>
    places(spec)
      .slice(1)
      .flatMap(({ path }, index) =>
        [without, oddities[index % oddities.length], ...(pool.get(schemaPath(path)) ?? []).filter(small)].map((next) =>
          replaced(spec, path, next),
        ),
      ),
  );
  return [...new Map(all.map((spec) => [JSON.stringify(spec), spec])).values()];
}
