import type { Line } from '../support/styled.ts';
import type { RenderOptions } from './glyphs.ts';
import type { DeploymentInfo } from './info.ts';
import { renderFacts } from './render-facts.ts';
import { renderTree } from './render-tree.ts';

export type { RenderOptions } from './glyphs.ts';
export { renderTable } from './render-table.ts';

/** The page of `get NAME`: what is said of the whole, and the tree below it. */
export function renderInfo(info: DeploymentInfo, options: RenderOptions): Line[] {
  return [...renderFacts(info, options), [], ...renderTree(info, options)];
}
