import type { NodeProbe } from '../shaman/ports.ts';
import { innerReason } from './inner-reason.ts';

const TIMEOUT_MILLISECONDS = 3000;

/** Asks a storage node's `/health/`, ours or the original's: any 2xx is a yes. */
export const httpNodeProbe: NodeProbe = {
  async whyUnhealthy(url) {
    try {
      const response = await fetch(`${url}health/`, {
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
      });
      await response.body?.cancel();
      return response.ok ? null : `/health/ answers ${response.status}`;
    } catch (cause) {
      return innerReason(cause);
    }
  },
};
