import { paint, span, type Tone } from '../support/styled.ts';
import type { Terminal } from '../support/terminal.ts';
import { prose, tinted } from '../support/facts.ts';
import { printable, toAscii } from '../support/text.ts';
import type { Diagnosis } from './diagnosis.ts';
import { AREAS, count, type Finding, type Level } from './finding.ts';

const SIGNS: Readonly<Record<Level, { readonly unicode: string; readonly ascii: string; readonly tone: Tone }>> = {
  ok: { unicode: '✔', ascii: '+', tone: 'good' },
  warning: { unicode: '▲', ascii: '!', tone: 'progress' },
  problem: { unicode: '✖', ascii: 'x', tone: 'bad' },
};
const ABSENT = { unicode: '○', ascii: '-', tone: 'dim' } as const;
const INDENT = 4;

/** The page for people: findings by area, the command that fixes it below each, and the sum. */
export function renderDiagnosis({ findings, problems, warnings }: Diagnosis, terminal: Terminal): string {
  const areas = AREAS.flatMap((area) => {
    const own = findings.filter((finding) => finding.area === area);
    return own.length === 0
      ? []
      : [[tinted(area, 'strong', terminal), ...own.flatMap((each) => lines(each, terminal))].join('\n')];
  });
  const fine = findings.length - problems - warnings;
  const sum = paint(
    [
      [
        span(count(problems, 'problem'), problems > 0 ? 'bad' : 'plain'),
        span(', '),
        span(count(warnings, 'warning'), warnings > 0 ? 'progress' : 'plain'),
        span(`, ${count(fine, 'check')} fine`),
      ],
    ],
    terminal,
  );
  return [...areas, sum].join('\n\n');
}

function lines({ level, absent, message, fix }: Finding, terminal: Terminal): string[] {
  const { unicode, ascii, tone } = absent === true ? ABSENT : SIGNS[level];
  const arrow = terminal.unicode ? '→' : '->';
  const text = printable(terminal.unicode ? message : toAscii(message));
  const [first = '', ...rest] = prose(text, INDENT, terminal);
  return [
    `  ${tinted(terminal.unicode ? unicode : ascii, tone, terminal)} ${first.trimStart()}`,
    ...rest,
    // A command is for copying: it is not wrapped.
    ...(fix === undefined
      ? []
      : fix.split('\n').map((line, index) => {
          const before = index === 0 ? `${arrow} ` : ' '.repeat(arrow.length + 1);
          return paint([[span(' '.repeat(INDENT)), span(before, 'dim'), span(line, 'accent')]], terminal);
        })),
  ];
}
