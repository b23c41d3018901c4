import type { Collaborators } from './collaborators.ts';
import type { CacheVolume } from './rules/container.ts';

/** Caches are kept for days: to the hour is exact enough, and costs no write for each agent. */
const EXACT_MILLISECONDS = 3_600_000;

type Uses = Pick<Collaborators, 'standing' | 'clock'>;

/** Notes that caches of a host are used now, for an engine does not know when that was. */
export async function noteCacheUses(
  { standing, clock }: Uses,
  host: string,
  caches: readonly Pick<CacheVolume, 'volume'>[],
): Promise<void> {
  const now = clock.now();
  const noted = standing.get().cacheUses[host] ?? {};
  const isStale = (volume: string) => {
    const at = noted[volume];
    return at === undefined || now.getTime() - Date.parse(at) >= EXACT_MILLISECONDS;
  };
  const fresh = caches.filter(({ volume }) => isStale(volume));
  if (fresh.length === 0) return;
  const uses = Object.fromEntries(fresh.map(({ volume }) => [volume, now.toISOString()]));
  await standing.change((before) => {
    const others = before.cacheUses[host] ?? {};
    return { ...before, cacheUses: { ...before.cacheUses, [host]: { ...others, ...uses } } };
  });
}

/** Forgets caches that a host has no more. */
export async function keepCacheUses(
  { standing }: Uses,
  host: string,
  volumes: readonly string[],
): Promise<void> {
  const noted = standing.get().cacheUses[host] ?? {};
  if (Object.keys(noted).every((volume) => volumes.includes(volume))) return;
  await standing.change((before) => {
    const left = Object.entries(before.cacheUses[host] ?? {}).filter(([volume]) =>
      volumes.includes(volume),
    );
    return { ...before, cacheUses: { ...before.cacheUses, [host]: Object.fromEntries(left) } };
  });
}
