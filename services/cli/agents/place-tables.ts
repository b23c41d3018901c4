import type { z } from 'zod';
import type {
  CacheJson,
  HostJson,
  PrunedCacheJson,
  TemplateJson,
} from '../../api/agent-schemas.ts';
import { amount } from '../amounts.ts';
import { age, columns } from './tables.ts';

/** One line for each template: its agents, and what keeps it from more. */
export function templatesText(
  templates: readonly z.infer<typeof TemplateJson>[],
  problems: readonly string[],
): string {
  const rows = templates.map((template) => [
    template.name,
    template.image,
    agentsIn(template.states, template.cap),
    [
      ...(template.drained ? ['drained'] : []),
      ...(template.brake === null
        ? []
        : [
            `${template.brake.quarantined ? 'in quarantine' : 'pauses'} until ${template.brake.until}: ${template.brake.reason}`,
          ]),
      ...template.refused.map(({ count, reason }) => `${count} refused: ${reason}`),
    ].join('; ') || '-',
  ]);
  return `${columns([['TEMPLATE', 'IMAGE', 'AGENTS', 'WHAT IS IN THE WAY'], ...rows])}${problems
    .map((problem) => `mistake: ${problem}\n`)
    .join('')}`;
}

/** One line for each host: what it is, and whether it takes agents. */
export function hostsText(hosts: readonly z.infer<typeof HostJson>[]): string {
  const rows = hosts.map((host) => [
    host.name,
    host.kind,
    host.archs === null ? '-' : `${host.archs.join(' ')}, ${host.cpus ?? '?'} processors`,
    host.memory_bytes === null ? '-' : amount(host.memory_bytes),
    agentsIn(host.states, host.cap),
    [
      ...(host.drained ? ['drained'] : []),
      ...(host.away === null
        ? []
        : [`does not answer since ${host.away_since ?? '?'}: ${host.away}`]),
    ].join('; ') || '-',
  ]);
  return columns([['HOST', 'KIND', 'MACHINE', 'MEMORY', 'AGENTS', 'WHAT IS IN THE WAY'], ...rows]);
}

/** One line for each cache. */
export function cachesText(
  caches: readonly z.infer<typeof CacheJson>[],
  silent: readonly { readonly host: string; readonly reason: string }[],
  now: Date,
): string {
  const rows = caches.map((cache) => [
    cache.host,
    cache.name,
    cache.bytes === null ? '-' : amount(cache.bytes),
    cache.in_use ? 'now' : `${age(now.getTime() - Date.parse(cache.last_used))} ago`,
  ]);
  const told =
    caches.length === 0 ? 'no caches\n' : columns([['HOST', 'CACHE', 'SIZE', 'USED'], ...rows]);
  return `${told}${silent.map(({ host, reason }) => `${host} does not tell: ${reason}\n`).join('')}`;
}

/** What went, what would not, and why. */
export function prunedText(pruned: readonly z.infer<typeof PrunedCacheJson>[]): string {
  if (pruned.length === 0) return 'every cache is within its limits\n';
  return columns(
    pruned.map(({ host, name, bytes, cause, left }) => [
      left === null ? 'removed' : 'left',
      ...[host, name, bytes === null ? '-' : amount(bytes)],
      left === null ? cause : `${cause}; but ${left}`,
    ]),
  );
}

function agentsIn(states: Readonly<Record<string, number>>, cap: number | null): string {
  const told = Object.entries(states).map(([state, count]) => `${count} ${state}`);
  return `${told.join(', ') || 'none'}${cap === null ? '' : ` of ${cap}`}`;
}
