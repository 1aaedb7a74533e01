import { CONDITION_TYPES, CONDITIONS, REASON_GROUPS, type ReasonEntry } from '../../operator/api/index.ts';
import { GENERATED, type GeneratedFile } from './file.ts';
import { table } from './markdown.ts';

function renderReason([reason, { on, meaning, fix }]: [string, ReasonEntry]): string[] {
  return [
    `<a id="${reason.toLowerCase()}"></a>\`${reason}\``,
    on.map((type) => `\`${type}\``).join(', '),
    meaning,
    fix ?? '-',
  ];
}

function renderReference(): string {
  return [
    `<!-- ${GENERATED} -->`,
    '# Conditions and reasons',
    'Reasons are stable words: scripts and alerts may match on them. Messages are for people and change.',
    '## Conditions',
    table(
      ['Condition', 'Meaning'],
      CONDITION_TYPES.map((type) => [`\`${type}\``, CONDITIONS[type]]),
    ),
    ...Object.entries(REASON_GROUPS).flatMap(([group, reasons]) => [
      `## ${group}`,
      table(['Reason', 'Conditions', 'Meaning', 'What to do'], Object.entries(reasons).map(renderReason)),
    ]),
  ].join('\n\n');
}

export const reasonsReference: GeneratedFile = {
  path: 'docs/reference/reasons.md',
  render: () => `${renderReference()}\n`,
};
