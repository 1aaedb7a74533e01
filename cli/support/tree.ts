import { type Line, span } from './styled.ts';

/** A node of a tree that is printed: its own lines, then its children. */
export interface TreeNode {
  /** The node's own lines, laid out for so many columns. */
  readonly lines: (width: number) => readonly Line[];
  readonly children?: readonly TreeNode[];
}

interface Branches {
  readonly middle: string;
  readonly last: string;
  readonly pass: string;
  readonly none: string;
}

const UNICODE: Branches = { middle: '├─ ', last: '└─ ', pass: '│  ', none: '   ' };
const ASCII: Branches = { middle: '|- ', last: '`- ', pass: '|  ', none: '   ' };

/** The lines of a tree; the root's own lines are not indented. */
export function layOutTree(root: TreeNode, options: { readonly width: number; readonly unicode: boolean }): Line[] {
  const branches = options.unicode ? UNICODE : ASCII;

  const layOut = (node: TreeNode, first: string, rest: string): Line[] => {
    const { children = [] } = node;
    const below = children.length > 0 ? branches.pass : branches.none;
    const own = node.lines(options.width - first.length).map((line, index): Line => {
      // What follows the first line stands left of the children's branches, or in their place.
      const prefix = index === 0 ? first : rest + (first === '' && children.length === 0 ? '' : below);
      return prefix === '' ? line : [span(prefix, 'dim'), ...line];
    });
    return [
      ...own,
      ...children.flatMap((child, index) => {
        const isLast = index === children.length - 1;
        return layOut(
          child,
          rest + (isLast ? branches.last : branches.middle),
          rest + (isLast ? branches.none : branches.pass),
        );
      }),
    ];
  };
  return layOut(root, '', '');
}
