import { describe, expect, it } from '@jest/globals';
import { formatDuration } from './ages.ts';
import { describeTerminal } from './terminal.ts';

const tty = { isTTY: true, columns: 120 };

describe('the terminal', () => {
  it.each([
    ['COLUMNS before the terminal’s own width', tty, { COLUMNS: '100' }, 100],
    ['the terminal’s own width', tty, {}, 120],
    ['80 when nobody says', {}, {}, 80],
    ['80 when COLUMNS is no number', {}, { COLUMNS: 'wide' }, 80],
    ['40 at least', {}, { COLUMNS: '3' }, 40],
  ])('is as wide as %s', (_, stream, env, width) => {
    expect(describeTerminal(stream, env).width).toBe(width);
  });

  it.each([
    ['a terminal', tty, {}, {}, true],
    ['a pipe', {}, {}, {}, false],
    ['NO_COLOR', tty, { NO_COLOR: '1' }, {}, false],
    ['NO_COLOR that is empty', tty, { NO_COLOR: '' }, {}, true],
    ['--no-color', tty, {}, { colour: false }, false],
    ['a dumb terminal', tty, { TERM: 'dumb' }, {}, false],
  ])('has colour: %s', (_, stream, env, options, colour) => {
    expect(describeTerminal(stream, env, options).colour).toBe(colour);
  });

  it.each([
    [{ LANG: 'C.UTF-8' }, true],
    [{ LANG: 'de_DE.utf8' }, true],
    [{ LANG: 'C.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'C', LC_CTYPE: 'en_US.UTF-8' }, true],
    [{}, false],
  ])('with the locale %j has Unicode: %s', (env, unicode) => {
    expect(describeTerminal(tty, env).unicode).toBe(unicode);
  });
});

describe('lengths of time', () => {
  it.each([
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [192, '3m12s'],
    [599, '9m59s'],
    [600, '10m'],
    [3 * 3600, '3h'],
    [3 * 3600 + 40 * 60, '3h40m'],
    [9 * 3600, '9h'],
    [2 * 86_400 + 3 * 3600, '2d3h'],
    [40 * 86_400, '40d'],
    [-5, '0s'],
  ])('%i s is %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});
