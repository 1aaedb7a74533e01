/** What a client can tell of an answer: everything but its numbers and texts. */
export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly text: string;
}

export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) });
  return { status: response.status, contentType: response.headers.get('content-type'), text: await response.text() };
}

/** Keys and types of a JSON value; of an array those of its first element. */
export function shapeOf(value: unknown): unknown {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object') return typeof value;
  const entries = Object.entries(value).sort(([a], [b]) => a.localeCompare(b));
  return Object.fromEntries(entries.map(([key, member]) => [key, shapeOf(member)]));
}

/** The shapes of the events of a stream in their order, equal neighbours once; `[DONE]` is itself. */
export function eventShapes(stream: string): unknown[] {
  const shapes = stream
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: '))
    .map((frame) => frame.slice('data: '.length))
    .map((data) => (data === '[DONE]' ? data : shapeOf(JSON.parse(data))));
  return shapes.filter((shape, index) => JSON.stringify(shape) !== JSON.stringify(shapes[index - 1]));
}

/** `name type` of every metric in an exposition. */
export function metricTypes(exposition: string): string[] {
  return exposition
    .split('\n')
    .flatMap((line) => /^# TYPE (\S+ \S+)$/.exec(line)?.[1] ?? [])
    .sort();
}
