import { chooseTemplate, nearestTemplates } from './choose-template.ts';
import type { NearTemplate } from './choose-template.ts';
import { parseLabel } from './label.ts';
import type { LabelExpression } from './label.ts';
import type { Need } from './merge-needs.ts';
import type { Template } from './template.ts';

/** What a need leads to: a template, or the reason why to none. */
export interface Understood {
  readonly label: LabelExpression | null;
  readonly template: Template | null;
  readonly unmatched: { readonly reason: string; readonly nearest: readonly NearTemplate[] };
}

/** Finds the template for a need; drained ones serve nobody. */
export function understood(
  need: Need,
  facts: { readonly templates: readonly Template[]; readonly drainedTemplates: readonly string[] },
): Understood {
  const { wish, hint } = need;
  const nothingNear = (reason: string) => ({ reason, nearest: [] });
  if (wish.kind === 'template') {
    const template = facts.templates.find(({ name }) => name === wish.template) ?? null;
    const reason = `there is no template ${wish.template} any more`;
    return { label: null, template, unmatched: nothingNear(reason) };
  }
  const label = parseLabel(wish.label) ?? { kind: 'atom' as const, name: wish.label };
  const inUse = facts.templates.filter(({ name }) => !facts.drainedTemplates.includes(name));
  const template = chooseTemplate(label, inUse, hint);
  if (template !== null) return { label, template, unmatched: nothingNear('') };
  const drained = chooseTemplate(label, facts.templates, hint);
  const unmatched =
    drained !== null
      ? nothingNear(`template ${drained.name} is drained`)
      : { reason: 'no template matches', nearest: nearestTemplates(label, facts.templates) };
  return { label, template, unmatched };
}
