/** One line of the Prometheus text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,|(?=\}))/y;
const CLOSE = /[ \t]*\}/y;
/** The value, a timestamp perhaps, and an exemplar perhaps. */
const REST = /^[ \t]*(\S+)(?:[ \t]+-?\d+(?:\.\d+)?)?[ \t]*(?:#.*)?$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const SPECIAL: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '+inf': Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

/**
 * The name that a line of the text format (version 0.0.4) begins with; undefined for comments, blank lines and anything
 * that is no sample. It costs little: most lines of an exposition are of no interest.
 */
export function sampleName(line: string): string | undefined {
  NAME.lastIndex = 0;
  return NAME.exec(line)?.[0];
}

/** The sample of a line; undefined when it is none: a comment, a blank line, or garbage. Takes time linear in the line. */
export function parseSample(line: string): Sample | undefined {
  const name = sampleName(line);
  if (name === undefined) return undefined;
  let at = name.length;
  while (line[at] === ' ' || line[at] === '\t') at++;
  const labels: Record<string, string> = {};
  if (line[at] === '{') {
    at++;
    for (;;) {
      const label = matchAt(LABEL, line, at);
      if (label === null) break;
      labels[label[1] ?? ''] = unescape(label[2] ?? '');
      at = LABEL.lastIndex;
      if (label[3] === '') break;
    }
    if (matchAt(CLOSE, line, at) === null) return undefined;
    at = CLOSE.lastIndex;
  } else if (at === name.length) return undefined;
  const value = parseValue(REST.exec(line.slice(at))?.[1] ?? '');
  return value === undefined ? undefined : { name, labels, value };
}

function matchAt(pattern: RegExp, line: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(line);
}

function parseValue(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : SPECIAL[text.toLowerCase()];
}

function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign)) : text;
}
