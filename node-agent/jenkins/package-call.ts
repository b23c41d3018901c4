import type { IncomingHttpHeaders } from 'node:http';
import type Jenkins from 'jenkins';
import { z } from 'zod';
import { reasonOf } from '../../services/domain/reason.ts';
import type { Heard } from './answer.ts';

const RESPONSE = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())]).optional()),
});
const REJECTION = z.object({ res: z.object({ body: z.unknown() }).optional() });

/**
 * Makes one call with a client of its own. The package brings bodies and swallows the rest, and rejects
 * some answers that are good: its log tells the status and headers of every answer, and with a client
 * for each call they cannot be another's.
 */
export async function packageCall(
  client: Jenkins,
  call: (client: Jenkins) => Promise<unknown>,
): Promise<Heard> {
  let heard: { readonly status: number; readonly headers: IncomingHttpHeaders } | null = null;
  client.on('log', (tags, data) => {
    if (!tags.includes('papi') || !tags.includes('response')) return;
    const { statusCode, headers } = RESPONSE.parse(data);
    heard = { status: statusCode, headers };
  });
  const answered = (body: unknown): Heard =>
    heard === null
      ? { kind: 'silence', reason: 'no answer' }
      : { kind: 'answer', answer: { ...heard, body } };
  try {
    return answered(await call(client));
  } catch (error) {
    // The end of the body never came: what the head says is no answer yet.
    const rejected = REJECTION.safeParse(error).data?.res;
    if (heard !== null && (rejected !== undefined || !isTransport(error)))
      return answered(rejected?.body);
    return { kind: 'silence', reason: bareReason(error) };
  }
}

/** Errors of connections carry a code; a time-out has its name. */
function isTransport(error: unknown): boolean {
  return error instanceof Error && ('code' in error || error.name === 'TimeoutError');
}

/** Without the name of the package's own function. */
function bareReason(error: unknown): string {
  return reasonOf(error).replace(/^jenkins: [\w.]+: /, '');
}
