import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { parseDeepSeekDeployment } from '../../operator/api/index.ts';
import { plan } from '../../operator/planner/index.ts';

/**
 * Each file says in its comment, word by word, with what it is refused. After a message was changed on purpose,
 * `UPDATE_SAMPLES=1 npm test -- unit -- refused-samples` writes the new ones into the comments.
 */
const REFUSED = new URL('../../manifests/samples/refused/', import.meta.url);
const WIDTH = 120;

/** Why it is refused: a reason and a message, or the schema's words. */
function refusal(text: string): { readonly reason: string; readonly message: string } | undefined {
  const object = parse(text) as { metadata: object };
  const parsed = parseDeepSeekDeployment({ ...object, metadata: { namespace: 'default', ...object.metadata } });
  if (!parsed.ok) return { reason: 'at admission', message: parsed.message };
  const result = plan(parsed.value.spec);
  return result.accepted ? undefined : { reason: result.reason, message: result.message };
}

/** The comment that tells it: a heading and the message in lines. */
function comment({ reason, message }: { readonly reason: string; readonly message: string }): string {
  const lines: string[] = [];
  for (const word of message.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || `${last} ${word}`.length > WIDTH) lines.push(`#   ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return [`# Refused, ${reason}:`, ...lines].join('\n');
}

/** That part of a file's comment. */
const BLOCK = /^# Refused, .*:\n(?:# {3}.*\n?)+/m;

describe('manifests/samples/refused', () => {
  const files = readdirSync(REFUSED).filter((name) => name.endsWith('.yaml'));

  it('has files', () => {
    expect(files.length).toBeGreaterThanOrEqual(8);
  });

  it.each(files)('%s is refused with the message of its comment', (file) => {
    const url = new URL(file, REFUSED);
    const text = readFileSync(url, 'utf8');
    const found = refusal(text);
    if (found !== undefined && process.env['UPDATE_SAMPLES'] === '1') {
      const told = comment(found);
      writeFileSync(
        url,
        BLOCK.test(text) ? text.replace(BLOCK, `${told}\n`) : text.replace(/^apiVersion:/m, `${told}\n$&`),
      );
    }
    const told = BLOCK.exec(readFileSync(url, 'utf8'))?.[0].trimEnd();
    expect(told).toBe(found && comment(found));
    expect(told).toBeDefined();
  });
});
