import type { z } from 'zod';
import type { QueueJson } from '../../api/agent-schemas.ts';
import { columns } from './tables.ts';

type Queue = z.infer<typeof QueueJson>;

/** One line for each item of Jenkins' queue and each demand without one: its template, or why it has none. */
export function queueText({ paused, items, demands, refused }: Queue): string {
  const rows = [
    ...items.map(({ id, task, path, label, template, needs, unmatched }) => [
      `${id}`,
      path === '' ? task : path,
      label ?? '-',
      template ?? '-',
      outcome(template, unmatched, needs),
    ]),
    ...demands
      .filter(({ item }) => item === null)
      .map(({ build, label, template, unmatched }) => [
        'demand',
        build ?? '-',
        label ?? '-',
        template ?? '-',
        outcome(template, unmatched, 'an agent'),
      ]),
  ];
  const told =
    rows.length === 0
      ? 'nothing waits for an agent\n'
      : columns([['ITEM', 'BUILD', 'LABEL', 'TEMPLATE', 'WHY'], ...rows]);
  const stop = paused === null ? '' : `nothing is made: ${paused}\n`;
  const held = refused.map(
    ({ template, count, reason }) => `${count} of ${template} not made: ${reason}\n`,
  );
  return `${stop}${told}${held.join('')}`;
}

function outcome(
  template: string | null,
  unmatched: Queue['items'][number]['unmatched'],
  needs: string,
): string {
  if (unmatched === null) return template === null ? needs : 'served by its template';
  const nearest = unmatched.nearest.map(
    ({ template: near, failing }) => `${near} lacks ${failing.join(', ')}`,
  );
  return [unmatched.reason, ...nearest].join('; ');
}
