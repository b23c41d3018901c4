import type { LabelExpression } from './label.ts';

/** What an expression says of some labels, and the fewest names that would make it say the opposite. */
interface Judged {
  readonly matches: boolean;
  readonly toTurn: string[];
}

/**
 * The fewest names that stand between some labels and an expression: `huge` where it is missing,
 * `!arm64` where it must not be. Empty when the labels match.
 */
export function failingAtoms(label: LabelExpression, labels: ReadonlySet<string>): string[] {
  const { matches, toTurn } = judge(label, labels);
  return matches ? [] : [...new Set(toTurn)];
}

/** Looks at each name once: queues hold expressions of thousands of them if somebody likes. */
function judge(label: LabelExpression, labels: ReadonlySet<string>): Judged {
  switch (label.kind) {
    case 'atom': {
      const matches = labels.has(label.name);
      return { matches, toTurn: [matches ? `!${label.name}` : label.name] };
    }
    case 'not': {
      const { matches, toTurn } = judge(label.of, labels);
      return { matches: !matches, toTurn };
    }
    case 'group':
      return judge(label.of, labels);
    case 'and':
    case 'or':
    case 'implies':
    case 'iff':
      return judgePair(label.kind, judge(label.left, labels), judge(label.right, labels));
  }
}

function judgePair(kind: 'and' | 'or' | 'implies' | 'iff', left: Judged, right: Judged): Judged {
  switch (kind) {
    case 'and': {
      const matches = left.matches && right.matches;
      return { matches, toTurn: matches ? shorter(left, right) : those(false, left, right) };
    }
    case 'or': {
      const matches = left.matches || right.matches;
      return { matches, toTurn: matches ? those(true, left, right) : shorter(left, right) };
    }
    case 'implies':
      return judgePair('or', { ...left, matches: !left.matches }, right);
    case 'iff':
      return { matches: left.matches === right.matches, toTurn: shorter(left, right) };
  }
}

/** Both must be turned that are so. What they hold is given on and not copied: long chains lean to the left. */
function those(matches: boolean, left: Judged, right: Judged): string[] {
  if (left.matches !== matches) return right.toTurn;
  if (right.matches === matches) for (const name of right.toTurn) left.toTurn.push(name);
  return left.toTurn;
}

/** The shorter way; the left one when they are equal. */
function shorter(left: Judged, right: Judged): string[] {
  return right.toTurn.length < left.toTurn.length ? right.toTurn : left.toTurn;
}
