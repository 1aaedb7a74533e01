import { stringify } from 'yaml';
import { GROUP, SINGULAR } from '../../operator/api/index.ts';
import { paint } from '../support/styled.ts';
import type { Terminal } from '../support/terminal.ts';
import { type DeploymentInfo, type DeploymentSummary, infoOf, summaryOf } from './info.ts';
import type { DeepSeekDeploymentObject, TreeObjects } from './objects.ts';
import { renderInfo, renderTable } from './render.ts';

export type Output = 'wide' | 'json' | 'yaml' | 'name';

/** What a command prints, before it is known where to and when. */
export interface Page {
  /** Without the last line break. `now` is in milliseconds since the epoch. */
  readonly text: (terminal: Terminal, now: number) => string;
  /** Equal for pages that differ in nothing but ages. */
  readonly content: (now: number) => string;
  /** Printed instead of a page that has nothing to show, beside the output. */
  readonly note?: string;
}

export interface PageOptions {
  readonly output: Output | undefined;
  /** One of many pages: a JSON document is then one line. */
  readonly watch: boolean;
}

/** The page of `get`. `namespace` is undefined for all. */
export function listPage(
  objects: readonly DeepSeekDeploymentObject[],
  { output, watch, namespace }: PageOptions & { readonly namespace: string | undefined },
): Page {
  const items = objects.map(summaryOf);
  const content = () => JSON.stringify(items);
  if (output === 'json' || output === 'yaml') return { text: () => serialize({ items }, output, watch), content };
  if (output === 'name') return { text: () => items.map(qualifiedName).join('\n'), content };
  if (items.length === 0) {
    const where = namespace === undefined ? 'in any namespace' : `in namespace ${namespace}; -A looks in all`;
    return { text: () => '', content, note: `No DeepSeekDeployments ${where}.` };
  }
  const rest = { wide: output === 'wide', allNamespaces: namespace === undefined };
  return { text: (terminal, now) => renderTable(items, { terminal, now, ...rest }), content };
}

/** The page of `get NAME`. */
export function treePage(objects: TreeObjects, { output, watch }: PageOptions): Page {
  const content = (now: number) => JSON.stringify(infoOf(objects, now));
  if (output === 'json' || output === 'yaml') {
    return { text: (_, now) => serialize(infoOf(objects, now), output, watch), content };
  }
  if (output === 'name') return { text: () => qualifiedName(summaryOf(objects.deployment)), content };
  const wide = output === 'wide';
  return {
    text: (terminal, now) => paint(renderInfo(infoOf(objects, now), { terminal, now, wide }), terminal),
    content,
  };
}

function serialize(
  value: DeploymentInfo | { readonly items: readonly DeploymentSummary[] },
  format: 'json' | 'yaml',
  watch: boolean,
): string {
  if (format === 'json') return watch ? JSON.stringify(value) : JSON.stringify(value, null, 2);
  // Anchors are for those who write YAML by hand.
  return `${watch ? '---\n' : ''}${stringify(value, { aliasDuplicateObjects: false }).trimEnd()}`;
}

function qualifiedName({ name }: DeploymentSummary): string {
  return `${SINGULAR}.${GROUP}/${name}`;
}
