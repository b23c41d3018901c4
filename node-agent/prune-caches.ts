import { GitbuilderError } from '../services/domain/errors.ts';
import { keepCacheUses, noteCacheUses } from './cache-uses.ts';
import type { Collaborators } from './collaborators.ts';
import type { FromEngine } from './ports.ts';
import { cacheName, cacheVolume } from './rules/container.ts';
import { isPresent } from './rules/life.ts';
import { done } from './rules/outcome.ts';
import { pruneCaches } from './rules/prune-caches.ts';
import type { KnownCache } from './rules/prune-caches.ts';
import type { KnownHost } from './situation.ts';

/** A cache that went, or would not: `left` says why. */
export interface PrunedCache {
  readonly host: string;
  readonly name: string;
  readonly bytes: number | null;
  readonly cause: string;
  readonly left: string | null;
}

/** What hosts have of caches; `silent` says of a host why it does not tell. */
export interface HostCaches {
  readonly host: KnownHost;
  readonly caches: readonly KnownCache[];
  readonly silent: string | null;
}

/** The caches of every host. The engines count what they hold, which may take long. */
export function listCaches(collaborators: Collaborators): Promise<HostCaches[]> {
  return Promise.all(
    collaborators.situation.hosts.map(async (host) => {
      if (host.awayReason !== null) return { host, caches: [], silent: host.awayReason };
      const known = await cachesOf(collaborators, host);
      return known.ok
        ? { host, caches: known.value, silent: null }
        : { host, caches: [], silent: known.failure.reason };
    }),
  );
}

/** Removes the caches that are beyond the limits of their hosts; never one that an agent has. */
export async function pruneHostCaches(collaborators: Collaborators): Promise<PrunedCache[]> {
  const { clock, log } = collaborators;
  const pruned: PrunedCache[] = [];
  for (const { host, caches, silent } of await listCaches(collaborators)) {
    const { name: hostName, caches: limits } = host.settings;
    if (silent !== null) {
      log.warn({ host: hostName, reason: silent }, 'the caches of a host cannot be counted');
      continue;
    }
    await noteCacheUses(
      collaborators,
      hostName,
      caches.filter(({ isInUse }) => isInUse),
    );
    const gone = new Set<string>();
    for (const { cache, cause } of pruneCaches(caches, limits, clock.now())) {
      const { name, volume, bytes } = cache;
      const removed = await host.engine.removeCache(volume);
      if (removed.ok) gone.add(volume);
      const left = removed.ok ? null : removed.failure.reason;
      log.info({ host: hostName, cache: name, bytes, cause, left }, 'prunes a cache');
      pruned.push({ host: hostName, name, bytes, cause, left });
    }
    const kept = caches.map(({ volume }) => volume).filter((volume) => !gone.has(volume));
    await keepCacheUses(collaborators, hostName, kept);
  }
  return pruned;
}

/** Removes one cache, such as one with rubbish in it; NOT_FOUND, or CACHE_IN_USE while an agent has it. */
export async function removeHostCache(
  collaborators: Collaborators,
  hostName: string,
  name: string,
): Promise<KnownCache> {
  const host = collaborators.situation.host(hostName);
  if (host === undefined) throw new GitbuilderError('NOT_FOUND', { what: `host ${hostName}` });
  const known = await cachesOf(collaborators, host);
  if (!known.ok) {
    const reason = `host ${hostName} does not tell its caches: ${known.failure.reason}`;
    throw new GitbuilderError('AGENT_UPSTREAM', { reason });
  }
  const cache = known.value.find((one) => one.name === name);
  if (cache === undefined)
    throw new GitbuilderError('NOT_FOUND', { what: `cache ${name} of host ${hostName}` });
  const refuse = (reason: string) =>
    new GitbuilderError('CACHE_IN_USE', { cache: name, host: hostName, reason });
  if (cache.isInUse) throw refuse('an agent has it');
  const removed = await host.engine.removeCache(cache.volume);
  if (!removed.ok) throw refuse(removed.failure.reason);
  collaborators.log.info({ host: hostName, cache: name }, 'removes a cache');
  return cache;
}

async function cachesOf(
  { agents, standing, situation, policy }: Collaborators,
  { settings, engine }: KnownHost,
): FromEngine<readonly KnownCache[]> {
  const listed = await engine.caches();
  if (!listed.ok) return listed;
  // Also those that are made right now, whose container the engine does not know yet.
  const held = new Set(
    agents
      .all()
      .filter((agent) => isPresent(agent) && agent.host === settings.name)
      .flatMap(({ template }) => situation.template(template)?.caches ?? [])
      .map(({ name }) => cacheVolume(policy.service, name)),
  );
  const noted = standing.get().cacheUses[settings.name] ?? {};
  return done(
    listed.value.map(({ volume, bytes, created, isInUse }) => ({
      ...{ volume, bytes, created, isInUse: isInUse || held.has(volume) },
      name: cacheName(policy.service, volume) ?? volume,
      lastUsed: noted[volume] ?? created,
    })),
  );
}
