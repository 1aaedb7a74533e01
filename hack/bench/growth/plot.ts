interface Point {
  readonly x: number;
  readonly y: number;
}

/** A line of a panel. */
export interface Series {
  readonly title: string;
  /** CSS class, which says the colour. */
  readonly kind: 'first' | 'second';
  /** Where its values are written. */
  readonly labels: 'above' | 'below';
  readonly points: readonly Point[];
}

/** A plot on axes that are both logarithmic. */
export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
}

export interface Plot {
  /** For who cannot see it. */
  readonly description: string;
  readonly xTitle: string;
  /** What the dashed line of slope 1 is called, which begins where the first series does. */
  readonly linear: string;
  /** Side by side. */
  readonly panels: readonly Panel[];
}

const PANEL = { width: 380, height: 340, left: 52, right: 40, top: 76, bottom: 56 };

/** Legible on a light and on a dark page: the colours follow the reader's. */
const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 14px; font-weight: 600 }
.muted { fill: #59636e }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.line { fill: none; stroke-width: 2.5 }
.linear { fill: none; stroke: #59636e; stroke-width: 1.5; stroke-dasharray: 5 5 }
.first { stroke: #0969da } .second { stroke: #bc4c00 }
circle.first, text.first { fill: #0969da; stroke: none } circle.second, text.second { fill: #bc4c00; stroke: none }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .muted { fill: #9198a1 } .grid { stroke: #3d444d } .linear { stroke: #9198a1 }
  .first { stroke: #4493f8 } .second { stroke: #f0883e }
  circle.first, text.first { fill: #4493f8 } circle.second, text.second { fill: #f0883e }
}`;

/** An SVG document. */
export function renderPlot(plot: Plot): string {
  const width = PANEL.width * plot.panels.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${PANEL.height}" role="img" aria-label="${escape(plot.description)}">`,
    `<style>${STYLE}</style>`,
    ...plot.panels.flatMap((panel, index) => [
      `<g transform="translate(${index * PANEL.width} 0)">`,
      ...renderPanel(panel, plot),
      '</g>',
    ]),
    '</svg>',
    '',
  ].join('\n');
}

function renderPanel({ title, series }: Panel, { xTitle, linear }: Plot): string[] {
  const { width, height, left, top } = PANEL;
  const [right, bottom] = [width - PANEL.right, height - PANEL.bottom];
  const all = series.flatMap(({ points }) => points);
  const xs = [...new Set(all.map(({ x }) => x))].sort((a, b) => a - b);
  const x = axis(xs, [left, right]);
  const y = axis(
    all.map((point) => point.y),
    [bottom, top],
  );
  const at = (point: Point): string => `${x.at(point.x)},${y.at(point.y)}`;
  const reference = linearReference(series[0]?.points ?? [], y.domain[1]);
  return [
    `<text class="title" x="${left}" y="22">${escape(title)}</text>`,
    ...series.map(
      ({ title: name, kind }, index) =>
        `<text class="${kind}" x="${left}" y="${40 + index * 16}">${escape(name)}</text>`,
    ),
    ...y.ticks.flatMap((tick) => [
      `<line class="grid" x1="${left}" x2="${right}" y1="${y.at(tick)}" y2="${y.at(tick)}"/>`,
      `<text class="muted" x="${left - 8}" y="${y.at(tick) + 4}" text-anchor="end">${tick.toLocaleString('en')}</text>`,
    ]),
    ...xs.flatMap((tick) => [
      `<line class="grid" x1="${x.at(tick)}" x2="${x.at(tick)}" y1="${top}" y2="${bottom}"/>`,
      `<text class="muted" x="${x.at(tick)}" y="${bottom + 18}" text-anchor="middle">${tick.toLocaleString('en')}</text>`,
    ]),
    `<text class="muted" x="${(left + right) / 2}" y="${height - 14}" text-anchor="middle">${escape(xTitle)} (dashed: ${escape(linear)})</text>`,
    ...(reference.length === 0 ? [] : [`<polyline class="linear" points="${reference.map(at).join(' ')}"/>`]),
    ...series.flatMap(({ kind, labels, points }) => [
      `<polyline class="line ${kind}" points="${points.map(at).join(' ')}"/>`,
      ...points.flatMap((point) => [
        `<circle class="${kind}" cx="${x.at(point.x)}" cy="${y.at(point.y)}" r="3.5"/>`,
        valueOf(point, kind, labels, [x.at(point.x), y.at(point.y)]),
      ]),
    ]),
  ];
}

/** Beside its point, where neither the line nor the grid is. */
function valueOf({ y }: Point, kind: string, labels: Series['labels'], [left, top]: readonly [number, number]): string {
  const place =
    labels === 'above'
      ? `x="${left - 5}" y="${top - 7}" text-anchor="end"`
      : `x="${left + 5}" y="${top + 16}" text-anchor="start"`;
  return `<text class="${kind}" ${place}>${short(y)}</text>`;
}

interface Axis {
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  /** Pixels, with one decimal. */
  at(value: number): number;
}

/** With some room on both sides; ticks at 1, 2 and 5 times the powers of ten. */
function axis(values: readonly number[], [from, to]: readonly [number, number]): Axis {
  const low = Math.min(...values) / 1.3;
  const high = Math.max(...values) * 1.3;
  const powers = Array.from({ length: 12 }, (_, exponent) => 10 ** (exponent - 3));
  const ticks = powers.flatMap((power) => [power, 2 * power, 5 * power]);
  const share = (value: number): number => Math.log(value / low) / Math.log(high / low);
  return {
    domain: [low, high],
    ticks: ticks.filter((tick) => tick >= low && tick <= high),
    at: (value) => Math.round((from + share(value) * (to - from)) * 10) / 10,
  };
}

/** From the first point on, in proportion, as far as the plot goes. */
function linearReference(points: readonly Point[], highest: number): readonly Point[] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  const factor = Math.min(last.x / first.x, highest / first.y);
  return [first, { x: first.x * factor, y: first.y * factor }];
}

const short = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
