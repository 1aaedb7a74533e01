import { describe, expect, it } from '@jest/globals';
import { commandCheck } from '../support/command-check.ts';
import { commandsOf } from '../support/shell-words.ts';
import { inAllPages, sentencesOf } from './blocks.ts';

const sentences = Map.groupBy(await inAllPages(sentencesOf), ({ page }) => page);
const check = commandCheck();

describe('a script', () => {
  it.each<[string, string[][]]>([
    ['a b | c && d; e', [['a', 'b'], ['c'], ['d'], ['e']]],
    ['X=1 a \'b c\' "d \\" e"f # not-there', [['a', 'b c', 'd \\" ef']]],
    ['a > file 2>&1 <in b', [['a', 'b']]],
    ["cat > x <<'END'\nkubectl nothing\nEND\na", [['cat'], ['a']]],
    ['a b \\\n  c\nd', [['a', 'b', 'c'], ['d']]],
    ['source <(a b)', [['source'], ['a', 'b']]],
    ['a [-n NAME]... [-o yaml|json]', [['a', '-n', 'NAME', '-o', 'yaml,json']]],
    ['a "$(b | c)" $(d | e)', [['a', '$(b | c)', '$(d | e)']]],
  ])('%j has these commands', (script, commands) => expect(commandsOf(script)).toEqual(commands));
});

describe('what is not there is told of', () => {
  it.each([
    ['kubectl deepseek gett', 'kubectl deepseek has no command gett'],
    ['kubectl deepseek model improt x', 'kubectl deepseek model has no command improt'],
    ['kubectl deepseek get x -q', 'kubectl deepseek get has no option -q'],
    ['kubectl deepseek status x --wiat', 'kubectl deepseek status has no option --wiat'],
    ['make nothing', 'make has no nothing'],
    ['make faults ARG=1', 'make has no ARG'],
    ['npm run nothing', 'npm has no script nothing'],
    ['npm run -s krew -- --url X', 'npm run krew has no option --url'],
    ['npm run unit -- operator/nothing', 'there is no operator/nothing'],
    ['npm test -- simulate', 'npm test has no tier simulate'],
    ['npm test -- unit -- nothing-here', 'no test is called nothing-here'],
    ['node hack/nothing.ts', 'there is no hack/nothing.ts'],
  ])('%s', (command, complaint) => expect(commandsOf(command).flatMap(check)).toContain(complaint), 30_000);
});

describe('the sentences', () => {
  it('are looked at without the blocks between them, but for what their examples show', () => {
    const page =
      'a `kubectl get x`\n`jq` of `kubectl\n deepseek get`\n```sh\n`helm y`\n```\n| `make a` | `b` |\n\n```text\n$ npm ci\n→ helm z\n```\n';
    expect(sentencesOf('p', page).map(({ line, text }) => `${line} ${text}`)).toEqual([
      '1 kubectl get x',
      '2 kubectl deepseek get',
      '7 make a',
      '10 npm ci',
      '11 helm z',
    ]);
  });

  it('are found in all pages', () => {
    expect([...sentences.keys()]).toEqual(
      expect.arrayContaining(['README.md', 'docs/cost.md', 'docs/runbooks/DeepSeekStalled.md']),
    );
    expect([...sentences.values()].flat().length).toBeGreaterThan(150);
  });

  it.each([...sentences])(
    'of %s name commands, targets, scripts and options that are there',
    (_, all) => {
      const wrong = all.flatMap(({ line, text, commands }) =>
        commands.flatMap(check).map((complaint) => `line ${line}, ${text}: ${complaint}`),
      );
      expect(wrong).toEqual([]);
    },
    60_000,
  );
});
