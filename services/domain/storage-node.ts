/** A storage node as shaman knows it. Its key is `host`. */
export interface StorageNode {
  /** host or host:port of its public URL. */
  readonly host: string;
  /** Its public URL, ending in "/": what `next` hands out. */
  readonly url: string;
  /** RFC 3339 UTC, as all times here; the first one on record. */
  readonly registered: string;
  /** When `next` last handed it out; null for never. */
  readonly lastUsed: string | null;
  /** When it last registered, sent a heartbeat or was probed. */
  readonly lastCheck: string | null;
  readonly healthy: boolean;
  /** Failed probes in a row. */
  readonly downCount: number;
  /** Why it is not healthy. */
  readonly reason: string | null;
  /** Keeps what it was assigned and gets nothing new. */
  readonly draining: boolean;
  /** Its share of new work beside the others; 1 is usual, 0 gets nothing new. */
  readonly weight: number;
  /** From its last heartbeat; null when it sends none, as the original. */
  readonly freeBytes: number | null;
  readonly load: number | null;
  readonly version: string | null;
}

/** The record of a node that registers for the first time. */
export function newStorageNode(host: string, url: string, now: string): StorageNode {
  return {
    host,
    url,
    registered: now,
    lastUsed: null,
    lastCheck: now,
    healthy: true,
    downCount: 0,
    reason: null,
    draining: false,
    weight: 1,
    freeBytes: null,
    load: null,
    version: null,
  };
}
