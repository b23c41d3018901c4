import type { Receipt, ShamanClient } from '../chacra/ports.ts';
import { basicAuthorization } from '../platform/auth.ts';

const TIMEOUT_MILLISECONDS = 10_000;
const LONGEST_REASON = 300;

/** Where shaman is, and who we are there. */
export interface ShamanAccess {
  /** Ends in a slash. */
  readonly url: string;
  readonly user: string;
  readonly key: string;
}

/** Talks to shaman over HTTP as the original's chacra does: Basic credentials, JSON bodies. */
export function httpShamanClient(options: ShamanAccess): ShamanClient {
  const authorization = basicAuthorization(options.user, options.key);
  return {
    async postRepo(project, body): Promise<Receipt> {
      const response = await fetch(`${options.url}api/repos/${encodeURIComponent(project)}/`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: authorization },
        body: JSON.stringify(body),
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
      });
      const text = await response.text();
      if (response.ok) return { taken: true };
      const reason = `${response.status} ${text.slice(0, LONGEST_REASON)}`.trim();
      // 429 and 5xx say that it would take the event at another time.
      if (response.status >= 500 || response.status === 429) throw new Error(`shaman: ${reason}`);
      return { taken: false, reason };
    },
  };
}

/** Stands in where no shaman is configured: every event counts as told. */
export const nobodyListens: ShamanClient = {
  postRepo: () => Promise.resolve({ taken: true }),
};
