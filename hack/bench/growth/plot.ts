/** A line of a plot, on axes that are both logarithmic. */
export interface Series {
  readonly title: string;
  readonly unit: string;
  /** CSS class, which says the colour. */
  readonly kind: 'time' | 'memory' | 'own';
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Plot {
  readonly title: string;
  readonly xTitle: string;
  readonly series: readonly Series[];
  /** What a straight line of slope 1 is called; it is drawn from the first point of the first series. */
  readonly linear: string;
}

const WIDTH = 720;
const HEIGHT = 420;
const MARGIN = { left: 64, right: 190, top: 48, bottom: 56 };

/** Legible on a light and on a dark page: the colours follow the reader's. */
const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #d0d7de; stroke-width: 1 }
.line { fill: none; stroke-width: 2.5 }
.linear { fill: none; stroke: #6e7781; stroke-width: 1.5; stroke-dasharray: 5 5 }
.muted { fill: #57606a }
.time { stroke: #0969da } .memory { stroke: #bc4c00 } .own { stroke: #8250df }
circle.time, text.time { fill: #0969da; stroke: none }
circle.memory, text.memory { fill: #bc4c00; stroke: none }
circle.own, text.own { fill: #8250df; stroke: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .muted { fill: #9198a1 } .grid { stroke: #3d444d } .linear { stroke: #9198a1 }
  .time { stroke: #4493f8 } .memory { stroke: #f0883e } .own { stroke: #ab7df8 }
  circle.time, text.time { fill: #4493f8 } circle.memory, text.memory { fill: #f0883e } circle.own, text.own { fill: #ab7df8 }
}`;

/** An SVG document. */
export function renderPlot({ title, xTitle, series, linear }: Plot): string {
  const all = series.flatMap(({ points }) => points);
  const x = axis(
    all.map((point) => point.x),
    [MARGIN.left, WIDTH - MARGIN.right],
  );
  const y = axis(
    all.map((point) => point.y),
    [HEIGHT - MARGIN.bottom, MARGIN.top],
  );
  const xs = [...new Set(all.map((point) => point.x))].sort((a, b) => a - b);
  const [left, right, top, bottom] = [MARGIN.left, WIDTH - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom];
  const at = (point: { readonly x: number; readonly y: number }): string => `${x.at(point.x)},${y.at(point.y)}`;
  const reference = linearReference(series[0]?.points ?? [], y.domain);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}">`,
    `<style>${STYLE}</style>`,
    `<text class="title" x="${left}" y="24">${escape(title)}</text>`,
    ...y.ticks.flatMap((tick) => [
      `<line class="grid" x1="${left}" x2="${right}" y1="${y.at(tick)}" y2="${y.at(tick)}"/>`,
      `<text class="muted" x="${left - 8}" y="${y.at(tick) + 4}" text-anchor="end">${tick.toLocaleString('en')}</text>`,
    ]),
    ...xs.flatMap((tick) => [
      `<line class="grid" x1="${x.at(tick)}" x2="${x.at(tick)}" y1="${top}" y2="${bottom}"/>`,
      `<text class="muted" x="${x.at(tick)}" y="${bottom + 20}" text-anchor="middle">${tick.toLocaleString('en')}</text>`,
    ]),
    `<text class="muted" x="${(left + right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escape(xTitle)}</text>`,
    ...(reference.length === 2
      ? [
          `<polyline class="linear" points="${reference.map(at).join(' ')}"/>`,
          `<text class="muted" x="${right + 10}" y="${label(y, reference.at(-1)?.y ?? 1)}">${escape(linear)}</text>`,
        ]
      : []),
    ...series.flatMap(({ title: name, unit, kind, points }) => {
      const last = points.at(-1);
      if (last === undefined) return [];
      return [
        `<polyline class="line ${kind}" points="${points.map(at).join(' ')}"/>`,
        ...points.map((point) => `<circle class="${kind}" cx="${x.at(point.x)}" cy="${y.at(point.y)}" r="4"/>`),
        ...points.map(
          (point) =>
            `<text class="${kind}" x="${x.at(point.x)}" y="${y.at(point.y) - 10}" text-anchor="middle">${short(point.y)}</text>`,
        ),
        `<text class="${kind}" x="${right + 10}" y="${label(y, last.y)}">${escape(name)}, ${escape(unit)}</text>`,
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

interface Axis {
  readonly domain: readonly [number, number];
  /** Powers of ten, and what lies between them where there are few. */
  readonly ticks: readonly number[];
  /** Pixels, with one decimal. */
  at(value: number): number;
}

function axis(values: readonly number[], [from, to]: readonly [number, number]): Axis {
  const low = Math.min(...values) / 1.25;
  const high = Math.max(...values) * 1.25;
  const span = Math.log(high) - Math.log(low);
  const powers = Array.from({ length: 12 }, (_, exponent) => 10 ** (exponent - 3));
  const ticks = powers.flatMap((power) => [power, 2 * power, 5 * power]).filter((tick) => tick >= low && tick <= high);
  return {
    domain: [low, high],
    ticks,
    at: (value) => Math.round((from + ((Math.log(value) - Math.log(low)) / span) * (to - from)) * 10) / 10,
  };
}

/** From the first point on, in proportion: as far as the plot is high. */
function linearReference(
  points: readonly { readonly x: number; readonly y: number }[],
  [, high]: readonly [number, number],
) {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  const factor = Math.min(last.x / first.x, high / first.y);
  return [first, { x: first.x * factor, y: first.y * factor }];
}

/** The height of the text beside a line's end. */
const label = (y: Axis, value: number): number => y.at(value) + 4;

const short = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
