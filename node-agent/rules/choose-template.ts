import { failingAtoms } from './failing-atoms.ts';
import { atomsOf, matchesLabel } from './label.ts';
import type { LabelExpression } from './label.ts';
import type { Template } from './template.ts';

const NEAREST = 3;

/** A template that does not match, and the names that keep it from matching. */
export interface NearTemplate {
  readonly template: string;
  readonly failing: readonly string[];
}

type Choosable = Pick<Template, 'name' | 'labels' | 'weight'>;

/**
 * From which template an agent for a label is made: fewest labels that nobody asked for, then the
 * lightest, then by name, so that the same question always has the same answer. A hint that matches
 * goes first. Null when none matches.
 */
export function chooseTemplate<T extends Choosable>(
  label: LabelExpression,
  templates: readonly T[],
  hint: string | null,
): T | null {
  const fitting = templates.filter((template) => matchesLabel(label, labelsOfNode(template)));
  const hinted = fitting.find(({ name }) => name === hint);
  if (hinted !== undefined) return hinted;
  const asked = new Set(atomsOf(label));
  const surplus = ({ labels }: T) => labels.filter((name) => !asked.has(name)).length;
  const [best] = fitting.sort(
    (a, b) => surplus(a) - surplus(b) || a.weight - b.weight || (a.name < b.name ? -1 : 1),
  );
  return best ?? null;
}

/** The templates that come closest to a label that none matches: what operators ask most. */
export function nearestTemplates(
  label: LabelExpression,
  templates: readonly Choosable[],
): NearTemplate[] {
  return templates
    .map((template) => ({
      template: template.name,
      failing: failingAtoms(label, labelsOfNode(template)),
    }))
    .sort((a, b) => a.failing.length - b.failing.length || (a.template < b.template ? -1 : 1))
    .slice(0, NEAREST);
}

function labelsOfNode({ labels }: Choosable): ReadonlySet<string> {
  return new Set(labels);
}
