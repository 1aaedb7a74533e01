/** Bytes of a GiB. */
export const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** Rounds to `digits` decimals, so that plans read well and compare equal. */
export function round(value: number, digits = 2): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

/** `14.2 GiB`; a value that would round to zero keeps its sign and its first digit. */
export function formatGiB(gib: number): string {
  return `${grouped(String(Math.abs(gib) < 0.05 ? round(gib, 2) : round(gib, 1)))} GiB`;
}

/** `14.2 GiB`, `100 MiB`, `0.1 bytes`: however little it is, it does not read as nothing. */
export function formatBytes(bytes: number): string {
  if (bytes >= 0.05 * GIB) return formatGiB(bytes / GIB);
  return bytes >= MIB ? `${round(bytes / MIB, 1)} MiB` : `${formatCount(round(bytes))} bytes`;
}

/** `1 token`, `8,192 tokens`. */
export function formatTokens(count: number): string {
  return `${formatCount(count)} token${count === 1 ? '' : 's'}`;
}

/** `131,072`. */
export function formatCount(count: number): string {
  return grouped(String(count));
}

/** Commas between thousands. Plans are full of numbers, and the locale's own formatter costs more than the plan. */
function grouped(number: string): string {
  return number.length < 4 ? number : number.replace(/\d+/, (digits) => digits.replaceAll(/\B(?=(\d{3})+$)/g, ','));
}

/** `a T4`, `an A100-80GB`: the article that the name of a GPU is read with. */
export function withArticle(name: string): string {
  return `${/^([AEFHLMNRSX][0-9A-Z]|[aeiou])/i.test(name) ? 'an' : 'a'} ${name}`;
}

const SUFFIXES: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Value of a Kubernetes quantity (`32Gi`, `500m`, `1e3`); undefined if it is none. */
export function parseQuantity(quantity: string | number): number | undefined {
  if (typeof quantity === 'number') return Number.isFinite(quantity) && quantity >= 0 ? quantity : undefined;
  const match = /^([0-9]+\.?[0-9]*|\.[0-9]+)(?:([KMGTPE]i|[numkMGTPE]?)|[eE]([+-]?[0-9]{1,2}))$/.exec(quantity);
  if (match === null) return undefined;
  const [, number = '0', suffix = '', exponent = '0'] = match;
  return Number(number) * (SUFFIXES[suffix] ?? 1) * 10 ** Number(exponent);
}
