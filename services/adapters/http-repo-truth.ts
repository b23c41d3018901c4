import type { RepoTruth } from '../shaman/ports.ts';

const TIMEOUT_MILLISECONDS = 5000;

/** Asks storage nodes over HTTP, ours, the original's, or any that answers 404 for what it has not. */
export const httpRepoTruth: RepoTruth = {
  async ask(chacraUrl) {
    try {
      const response = await fetch(chacraUrl, {
        headers: { Accept: 'application/json' },
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
      });
      await response.body?.cancel();
      if (response.ok) return 'there';
      return response.status === 404 || response.status === 410 ? 'gone' : 'unknown';
    } catch {
      return 'unknown';
    }
  },
};
