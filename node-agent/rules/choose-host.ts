import type { HostFacts, HostSettings } from './host.ts';
import type { Template } from './template.ts';

/** A host as it is now. */
export interface HostView {
  readonly settings: HostSettings;
  /** Null until it has answered once. */
  readonly facts: HostFacts | null;
  /** Why it does not answer; null when it does. */
  readonly awayReason: string | null;
  readonly isDrained: boolean;
  /** Agents of ours that it has, or will have. */
  readonly agents: number;
}

/** The host for one more agent of a template, or why there is none. */
export type HostChoice =
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'none'; readonly reason: string };

/**
 * Chooses the least loaded of the hosts that may run a template: fewest agents for what it can take, or
 * else for its processors; of equal ones the first by name.
 */
export function chooseHost(template: Template, hosts: readonly HostView[]): HostChoice {
  if (hosts.length === 0) return { kind: 'none', reason: 'no host is configured' };
  const reasons = new Map<string, string>();
  const fit = hosts.filter((host) => {
    const reason = whyNot(template, host);
    if (reason !== null) reasons.set(host.settings.name, reason);
    return reason === null;
  });
  const [best] = fit.sort(
    (a, b) => load(a) - load(b) || (a.settings.name < b.settings.name ? -1 : 1),
  );
  if (best !== undefined) return { kind: 'host', host: best.settings.name };
  const told = [...reasons].map(([name, reason]) => `${name} ${reason}`);
  return { kind: 'none', reason: `no host can take it: ${told.join('; ')}` };
}

/** Why a host cannot run a template now; null when it can. */
function whyNot(template: Template, host: HostView): string | null {
  const { settings, facts } = host;
  const unfit = whyUnfit(template, host);
  if (unfit !== null) return unfit;
  if (host.awayReason !== null) return `does not answer (${host.awayReason})`;
  if (facts === null) return 'has not answered yet';
  if (host.isDrained) return 'is drained';
  if (settings.cap !== null && host.agents >= settings.cap)
    return `has its ${settings.cap} agents (its cap)`;
  return null;
}

/** Why a host is not made for a template, whatever is free there; null when it is, as far as is known. */
export function whyUnfit(
  template: Template,
  { settings, facts }: Pick<HostView, 'settings' | 'facts'>,
): string | null {
  const wanted = template.hosts;
  if (wanted.length > 0 && !wanted.some((w) => w === settings.name || settings.labels.includes(w)))
    return 'is not one of its hosts';
  const denied = deniedPrivileges(template, settings);
  if (denied.length > 0) return `does not allow ${denied.join(', ')}`;
  if (facts === null) return null;
  if (template.arch !== null && !facts.archs.includes(template.arch))
    return `is ${facts.archs.join(', ')}, not ${template.arch}`;
  if (template.cpus !== null && template.cpus > facts.cpus)
    return `has ${facts.cpus} processors, not ${template.cpus}`;
  if (template.memoryBytes !== null && template.memoryBytes > facts.memoryBytes)
    return 'has less memory than it asks for';
  return null;
}

/** What a template asks for and a host does not allow by name. */
export function deniedPrivileges(
  template: Pick<Template, 'privileges'>,
  settings: Pick<HostSettings, 'allow'>,
): string[] {
  return template.privileges.filter((privilege) => !settings.allow.includes(privilege));
}

function load({ settings, facts, agents }: HostView): number {
  return agents / Math.max(1, settings.cap ?? facts?.cpus ?? 1);
}
