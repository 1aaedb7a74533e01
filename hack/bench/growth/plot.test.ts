import { expect, it } from '@jest/globals';
import { renderPlot } from './plot.ts';

const points = [
  { x: 100, y: 5 },
  { x: 1_000, y: 50 },
];
const plot = (title: string): string =>
  renderPlot({
    description: 'D',
    xTitle: 'models',
    linear: 'in proportion',
    panels: [{ title, series: [{ title: 'S', kind: 'first', labels: 'above', points }] }],
  });
const line = (svg: string, kind: string): string | undefined =>
  new RegExp(`<polyline class="${kind}" points="([^"]*)"`).exec(svg)?.[1];

it('draws what grows in proportion on the line that says so', () => {
  const svg = plot('T');
  expect(line(svg, 'linear')).toBe(line(svg, 'line first'));
});

it('has the values in it, and nothing that breaks it', () => {
  const svg = plot('a < b & c');
  expect(svg).toContain('a &lt; b &amp; c');
  expect(svg).toMatch(/>5\.0<\/text>[\s\S]*>50<\/text>/);
  expect(svg).not.toContain('NaN');
});
