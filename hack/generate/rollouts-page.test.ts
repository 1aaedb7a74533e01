import { describe, expect, it } from '@jest/globals';
import { TABLE } from '../../operator/rollout/machine/table.ts';
import { fillIn, stateDiagram, transitionTable } from './rollouts-page.ts';

const page = 'By hand.\n\n<!-- generated: part -->\nold\n<!-- end -->\n\nMore by hand.\n';

describe('fillIn', () => {
  it('replaces what stands between the markers, and nothing else', () => {
    const filled = fillIn(page, { part: () => 'new' });
    expect(filled).toBe('By hand.\n\n<!-- generated: part -->\n\nnew\n\n<!-- end -->\n\nMore by hand.\n');
    expect(fillIn(filled, { part: () => 'new' })).toBe(filled);
  });

  it('refuses a page without a place for a part, and a place without a part', () => {
    expect(() => fillIn(page, {})).toThrow('nothing renders the part part');
    expect(() => fillIn(page, { part: () => '', other: () => '' })).toThrow('no place for other');
  });
});

it('names every event in the table of transitions', () => {
  const text = transitionTable(TABLE);
  for (const { event } of TABLE) expect(text).toContain(`\`${event}\``);
});

it('draws every transition that leaves a phase, from the phase or from its group', () => {
  const diagram = stateDiagram(TABLE);
  for (const { event, cells } of TABLE) {
    for (const [from, cell] of Object.entries(cells)) {
      if (!('to' in cell) || cell.to === from) continue;
      const arrow = new RegExp(`(${from}|Before) --> ${cell.to}: .*\\b${event}\\b`);
      expect(diagram).toMatch(arrow);
    }
  }
});
