import { createHmac } from 'node:crypto';
import type { WebhookEvent } from '../domain/webhook.ts';
import type { WebhookSender } from '../shaman/ports.ts';
import { innerReason } from './inner-reason.ts';

const TIMEOUT_MILLISECONDS = 10_000;

/**
 * Posts events as JSON, signed as GitHub signs its webhooks: `X-Hub-Signature-256` is the
 * HMAC-SHA256 of the body under the shared secret. `secretOf` answers null for an unsigned one.
 */
export function httpWebhookSender(secretOf: (name: string) => string | null): WebhookSender {
  return {
    async send({ name, url }, event, signal) {
      const body = JSON.stringify(bodyOf(event));
      const secret = secretOf(name);
      const signature =
        secret === null ? null : createHmac('sha256', secret).update(body).digest('hex');
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: {
            'Content-Type': 'application/json',
            'User-Agent': 'gitbuilder-shaman',
            'X-Gitbuilder-Event': event.kind,
            'X-Gitbuilder-Delivery': String(event.order),
            ...(signature === null ? {} : { 'X-Hub-Signature-256': `sha256=${signature}` }),
          },
          body,
          redirect: 'manual',
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MILLISECONDS)]),
        });
        await response.body?.cancel();
        return response.ok ? null : `it answered ${response.status}`;
      } catch (cause) {
        return innerReason(cause);
      }
    },
  };
}

function bodyOf({ order, at, kind, project, ref, sha1, status, before, record }: WebhookEvent) {
  return { event: kind, delivery: order, at, project, ref, sha1, status, before, [kind]: record };
}
