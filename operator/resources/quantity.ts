/** Powers of ten (as nano-units) of the decimal suffixes of a Kubernetes quantity; `''` is the unit itself. */
const DECIMAL_EXPONENT: Readonly<Record<string, number>> = {
  n: 0,
  u: 3,
  m: 6,
  '': 9,
  k: 12,
  M: 15,
  G: 18,
  T: 21,
  P: 24,
  E: 27,
};

/** Powers of two of the binary suffixes. */
const BINARY_EXPONENT: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

const QUANTITY = /^([+-]?)(\d*)(?:\.(\d*))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?$/;

/**
 * The value of a Kubernetes quantity in units of 10^-9, the finest that the API server keeps (what is finer is rounded
 * away from zero, as it does). Undefined if the text is not a quantity. Grammar: apimachinery `resource.Quantity`.
 */
export function parseQuantity(quantity: string | number): bigint | undefined {
  const match = QUANTITY.exec(String(quantity));
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', suffix = '', exponent] = match;
  if (whole + fraction === '') return undefined;

  let numerator = BigInt(whole + fraction);
  let power = exponent === undefined ? 9 : 9 + Number(exponent);
  const binary = BINARY_EXPONENT[suffix];
  if (binary !== undefined) numerator <<= BigInt(binary);
  else if (exponent === undefined) power = DECIMAL_EXPONENT[suffix] ?? 9;
  power -= fraction.length;

  const nano = power >= 0 ? numerator * 10n ** BigInt(power) : ceilDivide(numerator, 10n ** BigInt(-power));
  return sign === '-' ? -nano : nano;
}

/** Whether two quantities are the same amount, whatever their spelling: `1024Mi` and `1Gi`, `0.5` and `500m`. */
export function sameQuantity(a: string | number, b: string | number): boolean {
  const amount = parseQuantity(a);
  return amount !== undefined && amount === parseQuantity(b);
}

/** A quantity as text, as every field of the Kubernetes API takes it. */
export function optionalQuantity(quantity: string | number | undefined): string | undefined {
  return quantity === undefined ? undefined : String(quantity);
}

/** A number of GiB (2^30 bytes) as a quantity of whole MiB, rounded up: 1.5 is `1536Mi`, 32 is `32Gi`. */
export function gib(amount: number): string {
  return Number.isInteger(amount) ? `${amount}Gi` : `${Math.ceil(amount * 1024)}Mi`;
}

function ceilDivide(numerator: bigint, divisor: bigint): bigint {
  return (numerator + divisor - 1n) / divisor;
}
