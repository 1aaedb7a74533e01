import { z } from 'zod';
import { durationSeconds } from './durations.ts';
import { type Rule, withRules } from './rules.ts';

/**
 * The kinds of scalars that the API is made of. Decimals are strings, percentages are integers in a field that says
 * Percent, durations are Go-style strings, quantities are Kubernetes quantities: each has one pattern, here.
 */

/** Free text of at most `max` characters (code points, as the API server counts them). */
export function text(max: number, min = 0) {
  const length = (value: string): number => Array.from(value).length;
  return z
    .string()
    .refine((value) => length(value) <= max, { message: `may not be more than ${max} characters long` })
    .refine((value) => length(value) >= min, { message: `should be at least ${min} characters long` })
    .meta({ maxLength: max, ...(min > 0 && { minLength: min }) });
}

/** `pattern` in CEL: the API server's engine is RE2, and a raw string needs no further escaping. */
const celPattern = ({ source }: RegExp): string => `r'${source.replaceAll('\\/', '/')}'`;

/**
 * A string of at most `max` characters that matches `pattern`. It is a rule, and not `pattern` of the schema, because
 * then the user reads `message` and not the pattern.
 */
export const matching = (pattern: RegExp, max: number, message: string) =>
  withRules(z.string().max(max), [matches(pattern, message)]);

const matches = (pattern: RegExp, message: string): Rule<string> => ({
  rule: `self.matches(${celPattern(pattern)})`,
  message,
  holds: (self) => pattern.test(self),
});

/** A duration as Go writes it: `90s`, `1h30m`, `500ms`. */
export const duration = () => withRules(z.string().max(24), [IS_DURATION]);

const DURATION = /^([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h)){1,4}$/;
const IS_DURATION = matches(DURATION, 'should be a duration such as 90s, 10m or 1h30m');

/** A duration shorter than `limit`; `why` ends the sentence. A broken one has its own message, as with decimals. */
export const durationBelow = (limit: string, why: string) =>
  withRules(z.string().max(24), [
    IS_DURATION,
    {
      rule: `!self.matches(${celPattern(DURATION)}) || duration(self) < duration('${limit}')`,
      message: `should be less than ${limit}: ${why}`,
      holds: (self) => !DURATION.test(self) || durationSeconds(self) < durationSeconds(limit),
    },
  ]);

const DECIMAL = /^[0-9]{1,9}(\.[0-9]{1,9})?$/;

/**
 * CEL that is true when `condition` holds or one of `fields` is not a decimal. A broken field has its own message, and
 * its conversion to a number would only add an evaluation error to it.
 */
export const whenDecimal = (fields: readonly string[], condition: string): string =>
  [...fields.map((field) => `!${field}.matches(${celPattern(DECIMAL)})`), condition].join(' || ');

/** The twin of {@link whenDecimal}: NaN when `text` is not a decimal, and every comparison with NaN is false. */
export const decimalValue = (text: string): number => (DECIMAL.test(text) ? Number(text) : NaN);

/** A decimal that is not negative, as a string: floats do not survive every JSON and YAML library. */
export const decimal = () =>
  matching(/^[0-9]{1,9}(\.[0-9]{1,9})?$/, 20, 'should be a decimal number in quotes, such as "0.01"');

/** A whole percentage, 0 to 100. */
export const percent = () => z.int32().min(0).max(100);

const QUANTITY = /^([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$/;

/** A Kubernetes quantity, not negative: `8`, `"500m"`, `32Gi`. */
export const quantity = () =>
  withRules(z.union([z.int(), z.string().max(32)]), [
    {
      rule: `type(self) == int ? self >= 0 : self.matches(${celPattern(QUANTITY)})`,
      message: 'should be a quantity that is not negative, such as 8, 500m or 32Gi',
      holds: (self) => (typeof self === 'number' ? self >= 0 : QUANTITY.test(self)),
    },
  ]);

/** A DNS-1123 subdomain: the name of most objects. */
export const objectName = () =>
  matching(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    253,
    'should be the name of an object: lower-case letters, digits, dashes and dots',
  );

/** A DNS-1123 label: the name of a namespace, of a volume, of a section. */
export const labelName = () =>
  matching(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 63, 'should consist of lower-case letters, digits and dashes');

/** A label or annotation key, `prefix/name`. */
export const labelKey = () =>
  matching(
    /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
    317,
    'should be the key of a label, such as team or example.com/team',
  );

/** A label's value. */
export const labelValue = () =>
  matching(
    /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
    63,
    'should be the value of a label: letters, digits, dashes, underscores and dots',
  );

/** A map of at most `max` entries. */
export const mapOf = <T extends z.ZodType>(value: T, max: number) =>
  z
    .record(z.string(), value)
    .refine((map) => Object.keys(map).length <= max, { message: `may not have more than ${max} entries` })
    .meta({ maxProperties: max });

/** Labels, or a selector by labels. */
export const labels = () => mapOf(labelValue(), 64);

/** Annotations. */
export const annotations = () => mapOf(text(16_384), 64);

/** A TCP port. */
export const port = () => z.int32().min(1).max(65_535);

/** An `http(s)://` address without credentials, query or fragment. */
export const httpAddress = () =>
  matching(/^https?:\/\/[A-Za-z0-9.:[\]-]+(\/[!-"$->@-~]*)?$/, 1024, 'should be an http:// or https:// address');

/** An absolute path inside a container or on a node. */
export const absolutePath = () => matching(/^\/[^:]*$/, 1024, 'should be an absolute path');

/** Key and name of a Secret's entry, in the namespace of the DeepSeekDeployment. */
export const secretKey = () =>
  z
    .object({
      name: objectName().describe('Name of the Secret.'),
      key: matching(/^[-._a-zA-Z0-9]+$/, 253, 'should be a key of a Secret').describe('Key inside the Secret.'),
    })
    .meta({ 'x-kubernetes-map-type': 'atomic' });

/** Name of a Secret in the namespace of the DeepSeekDeployment. */
export const secretName = () =>
  z.object({ name: objectName().describe('Name of the Secret.') }).meta({ 'x-kubernetes-map-type': 'atomic' });

/** One field of a cron schedule. A step follows `*` or a range, is not 0, and is no longer than the field: croner refuses others. */
const cronField = ([number, step]: readonly [string, string]): string => {
  const one = `(\\*(/${step})?|${number}(-${number}(/${step})?)?)`;
  return `${one}(,${one})*`;
};
const CRON_FIELDS = [
  ['[0-5]?[0-9]', '(0?[1-9]|[1-5][0-9]|60)'],
  ['([01]?[0-9]|2[0-3])', '(0?[1-9]|1[0-9]|2[0-4])'],
  ['(0?[1-9]|[12][0-9]|3[01])', '(0?[1-9]|[12][0-9]|3[01])'],
  ['(0?[1-9]|1[0-2])', '(0?[1-9]|1[0-2])'],
  ['[0-7]', '0?[1-7]'],
] as const;
const CRON = new RegExp(`^${CRON_FIELDS.map(cronField).join(' ')}$`);

/** A cron schedule of five fields: minute, hour, day of month, month, day of week. */
export const cron = () => matching(CRON, 100, 'should be a cron schedule of five fields such as "0 3 * * *"');

/** An IANA time zone. */
export const timeZone = () =>
  matching(
    /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/,
    64,
    'should be an IANA time zone such as Asia/Shanghai',
  );

/** A point in time, RFC 3339, UTC. */
export const time = () => z.iso.datetime({ offset: true });

/** A list that is replaced as a whole. */
export const atomicList = <T extends z.ZodType>(item: T, max: number, min = 0) =>
  z.array(item).min(min).max(max).meta({ 'x-kubernetes-list-type': 'atomic' });

/** A list that is a map by `key`: one item per value of it, merged item by item (the API server checks it). */
export const uniqueBy = <K extends string, T extends z.ZodType<Record<K, string>>>(key: K, item: T, max: number) =>
  z
    .array(item)
    .max(max)
    .refine((items) => new Set(items.map((one) => one[key])).size === items.length, {
      message: `${key} must be unique in the list`,
    })
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] });
