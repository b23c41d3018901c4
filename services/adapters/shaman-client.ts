import type { NodeRegistry, Receipt, ShamanClient } from '../chacra/ports.ts';
import { basicAuthorization } from '../platform/auth.ts';

const TIMEOUT_MILLISECONDS = 10_000;
const LONGEST_REASON = 300;
const STOPPING = 'this node is stopping';

/** Where shaman is, and who we are there. */
export interface ShamanAccess {
  /** Ends in a slash. */
  readonly url: string;
  readonly user: string;
  readonly key: string;
}

/** How to reach shaman, and no longer. */
export interface ShamanLine extends ShamanClient, NodeRegistry {
  /** Gives up what is under way and takes nothing more: what was not answered counts as not told. */
  hangUp(): void;
}

/** Talks to shaman over HTTP as the original's chacra does: Basic credentials, JSON bodies. */
export function httpShamanClient(
  options: ShamanAccess & { readonly timeoutMilliseconds?: number },
): ShamanLine {
  const authorization = basicAuthorization(options.user, options.key);
  const timeout = options.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS;
  const underWay = new Set<AbortController>();
  let isOver = false;
  const post = async (path: string, body: object) => {
    if (isOver) throw new Error(STOPPING);
    const ending = new AbortController();
    const late = () => ending.abort(new Error(`shaman gave no answer within ${timeout} ms`));
    const timer = setTimeout(late, timeout);
    underWay.add(ending);
    try {
      return await send(path, body, ending.signal);
    } finally {
      clearTimeout(timer);
      underWay.delete(ending);
    }
  };
  const send = async (path: string, body: object, signal: AbortSignal) => {
    const response = await fetch(`${options.url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: authorization },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal,
    });
    const text = await response.text();
    return {
      taken: response.ok,
      // 429 and 5xx say that it would take this at another time.
      inTrouble: response.status >= 500 || response.status === 429,
      reason: `${response.status} ${text.slice(0, LONGEST_REASON)}`.trim(),
    };
  };
  return {
    async reportNode(host, report) {
      const { taken, reason } = await post(`api/nodes/${encodeURIComponent(host)}/`, report);
      if (!taken) throw new Error(`shaman: ${reason}`);
    },
    async postRepo(project, body): Promise<Receipt> {
      const path = `api/repos/${encodeURIComponent(project)}/`;
      const { taken, inTrouble, reason } = await post(path, body);
      if (taken) return { taken };
      if (inTrouble) throw new Error(`shaman: ${reason}`);
      return { taken, reason };
    },
    hangUp() {
      isOver = true;
      for (const ending of underWay) ending.abort(new Error(STOPPING));
    },
  };
}

/** Stands in where no shaman is configured: every event counts as told. */
export const nobodyListens: ShamanLine = {
  postRepo: () => Promise.resolve({ taken: true }),
  reportNode: () => Promise.resolve(),
  hangUp: () => undefined,
};
