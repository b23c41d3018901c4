import { matchesLabel } from './label.ts';
import type { LabelExpression } from './label.ts';

/**
 * The fewest names that stand between some labels and an expression: `huge` where it is missing,
 * `!arm64` where it must not be. Empty when the labels match.
 */
export function failingAtoms(label: LabelExpression, labels: ReadonlySet<string>): string[] {
  return [...new Set(blame(label, labels, true))];
}

function blame(label: LabelExpression, labels: ReadonlySet<string>, wanted: boolean): string[] {
  if (matchesLabel(label, labels) === wanted) return [];
  switch (label.kind) {
    case 'atom':
      return [wanted ? label.name : `!${label.name}`];
    case 'not':
      return blame(label.of, labels, !wanted);
    case 'group':
      return blame(label.of, labels, wanted);
    case 'and':
      return wanted ? both(label, labels, true, true) : either(label, labels, false, false);
    case 'or':
      return wanted ? either(label, labels, true, true) : both(label, labels, false, false);
    case 'implies':
      return wanted ? either(label, labels, false, true) : both(label, labels, true, false);
    case 'iff': {
      const left = matchesLabel(label.left, labels);
      const right = matchesLabel(label.right, labels);
      return either(label, labels, !left, !right);
    }
  }
}

interface Pair {
  readonly left: LabelExpression;
  readonly right: LabelExpression;
}

function both(
  { left, right }: Pair,
  labels: ReadonlySet<string>,
  wantedLeft: boolean,
  wantedRight: boolean,
): string[] {
  return [...blame(left, labels, wantedLeft), ...blame(right, labels, wantedRight)];
}

/** The shorter way; the left one when they are equal. */
function either(
  { left, right }: Pair,
  labels: ReadonlySet<string>,
  wantedLeft: boolean,
  wantedRight: boolean,
): string[] {
  const one = blame(left, labels, wantedLeft);
  const other = blame(right, labels, wantedRight);
  return other.length < one.length ? other : one;
}
