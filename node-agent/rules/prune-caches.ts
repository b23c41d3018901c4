import type { CacheLimits } from './host.ts';

/** A cache volume of a host, and what is known of its use. */
export interface KnownCache {
  /** As templates call it. */
  readonly name: string;
  readonly volume: string;
  /** Null where the engine does not tell. */
  readonly bytes: number | null;
  /** RFC 3339 UTC, both. */
  readonly created: string;
  readonly lastUsed: string;
  /** An agent has it, or is about to get it. */
  readonly isInUse: boolean;
}

export interface Pruned {
  readonly cache: KnownCache;
  readonly cause: string;
}

const DAY = 86_400_000;

/** Decides which caches go: those that nobody used for long, then the longest unused until the rest fits. */
export function pruneCaches(
  caches: readonly KnownCache[],
  { days, bytes }: CacheLimits,
  now: Date,
): Pruned[] {
  const free = caches
    .filter(({ isInUse }) => !isInUse)
    .sort((a, b) => (a.lastUsed < b.lastUsed ? -1 : 1));
  let total = caches.reduce((sum, cache) => sum + (cache.bytes ?? 0), 0);
  return free.flatMap((cache) => {
    const cause = isOld(cache, days, now)
      ? `nobody used it for ${days} days (cacheDays)`
      : bytes !== null && total > bytes && (cache.bytes ?? 0) > 0
        ? `all caches hold ${total} bytes, ${bytes} are allowed (cacheBytes)`
        : null;
    if (cause === null) return [];
    total -= cache.bytes ?? 0;
    return [{ cache, cause }];
  });
}

function isOld({ lastUsed }: KnownCache, days: number | null, now: Date): boolean {
  return days !== null && now.getTime() - Date.parse(lastUsed) >= days * DAY;
}
