/**
 * `make fuzz [OBJECTS=N] [FUZZ_SEED=S]`: sends so many random objects (default 16,000, of which the schema takes more than 10,000)
 * through the whole of `decide`, in as many processes as there are cores: valid ones, nearly valid ones and hostile ones
 * (operator/api/testing/specs.ts), each to an object that is new, that serves, or that is being changed. Ends with 1 and the smallest
 * object found for which the operator breaks its word: an exception, a loop, half a set of children, no reason, or a healthy spec that
 * does not heal; with 1 as well where of the default, or more, fewer than 10,000 went through `decide`. The unit tests send some hundred.
 */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { TEMPERS } from '../operator/api/testing/specs.ts';
import { fuzz, LEAST_TAKEN, type Tally } from '../operator/controller/testing/fuzz.ts';

/** What `make fuzz` sends, and how many of them have to go through `decide`: the schema refuses hostile ones. */
const DEFAULT_OBJECTS = 16_000;
const ENOUGH_DECIDED = 10_000;

const objects = Number(process.argv[2] ?? DEFAULT_OBJECTS);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
if (!Number.isInteger(objects) || objects < 1 || !Number.isInteger(seed)) {
  console.error('usage: [FUZZ_SEED=INTEGER] node hack/fuzz.ts [OBJECTS]');
  process.exit(2);
}

/** What a process tells the one that started it. */
type Told = readonly {
  readonly temper: string;
  readonly objects: number;
  readonly decided: number;
  readonly ends: readonly [string, number][];
}[];

function shard(): Told {
  const runs = Math.ceil(objects / TEMPERS.length);
  return TEMPERS.map((temper) => {
    const tally = fuzz(temper, { runs, seed });
    return { temper, ...tally, ends: [...tally.ends] };
  });
}

async function all(): Promise<void> {
  const shards = availableParallelism();
  const run = promisify(execFile);
  console.log(`${objects} objects in ${shards} processes, seed ${seed}`);
  const told = await Promise.all(
    Array.from({ length: shards }, async (_, index) => {
      const arguments_ = ['--no-warnings', import.meta.filename, String(Math.ceil(objects / shards))];
      const env = { ...process.env, FUZZ_SEED: String(seed + index), FUZZ_SHARD: String(index) };
      const { stdout } = await run(process.execPath, arguments_, { env, maxBuffer: 2 ** 26 });
      return JSON.parse(stdout) as Told;
    }),
  );
  let sum = 0;
  let decidedInAll = 0;
  for (const [index, temper] of TEMPERS.entries()) {
    const total: Tally = { objects: 0, decided: 0, ends: new Map() };
    for (const { objects: count, decided, ends } of told.flatMap((found) => found[index] ?? [])) {
      total.objects += count;
      total.decided += decided;
      for (const [end, times] of ends) total.ends.set(end, (total.ends.get(end) ?? 0) + times);
    }
    sum += total.objects;
    decidedInAll += total.decided;
    if (objects >= DEFAULT_OBJECTS && total.decided < LEAST_TAKEN[temper] * total.objects)
      throw new Error(`of ${total.objects} ${temper} objects only ${total.decided} went through decide`);
    console.log(`\n${temper}: ${total.objects} objects, ${total.decided} of them through decide`);
    for (const [end, times] of [...total.ends].sort(([, a], [, b]) => b - a))
      console.log(`${String(times).padStart(7)}  ${end}`);
  }
  console.log(`\n${sum} objects, ${decidedInAll} of them through decide, none broke a promise`);
  if (objects >= DEFAULT_OBJECTS && decidedInAll < ENOUGH_DECIDED)
    throw new Error(`less than ${ENOUGH_DECIDED} went through decide`);
}

if (process.env['FUZZ_SHARD'] !== undefined) process.stdout.write(JSON.stringify(shard()));
else
  await all().catch((error: unknown) => {
    console.error((error as { readonly stderr?: string }).stderr ?? error);
    process.exitCode = 1;
  });
