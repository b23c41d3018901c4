import type { z } from 'zod';
import { GitbuilderError } from '../domain/errors.ts';
import type { Exchange } from './exchange.ts';
import { askForBody, interrupted } from './incoming-body.ts';

const LIMIT = 1024 * 1024;
/** Deeper ones can be read, but not written again: JSON.stringify takes a stack frame for each level. */
const MOST_LEVELS = 100;

type Incoming = Pick<Exchange, 'request' | 'response'>;

/** Reads a small body whole; BODY_TOO_LARGE for one of more than 1 MiB. */
export async function readBody({ request, response }: Incoming): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // A refusal in the middle must leave the connection open, or the client never reads why.
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  askForBody(request, response);
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > LIMIT) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw interrupted(size, cause);
  }
  if (size > LIMIT) {
    request.resume();
    throw new GitbuilderError('BODY_TOO_LARGE', { limit: LIMIT });
  }
  return Buffer.concat(chunks);
}

/** Reads a JSON body of a known shape; whatever is wrong with it is the sender's to know. */
export async function readJson<T>(incoming: Incoming, schema: z.ZodType<T>): Promise<T> {
  return parseJson(await readBody(incoming), schema);
}

/** As `readJson`; null when nothing was sent, whether or not its length was told before. */
export async function readJsonIfAny<T>(
  incoming: Incoming,
  schema: z.ZodType<T>,
): Promise<T | null> {
  const body = await readBody(incoming);
  return body.length === 0 ? null : parseJson(body, schema);
}

function parseJson<T>(body: Buffer, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch (cause) {
    throw new GitbuilderError(
      'REQUEST_INVALID',
      { reason: 'could not decode JSON body' },
      { cause },
    );
  }
  if (isDeep(value)) {
    const reason = `the JSON body is nested deeper than ${MOST_LEVELS} levels`;
    throw new GitbuilderError('REQUEST_INVALID', { reason });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const reason = parsed.error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
  throw new GitbuilderError('REQUEST_INVALID', { reason });
}

function isDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MOST_LEVELS) return true;
    level = level.flatMap((one): unknown[] =>
      typeof one === 'object' && one !== null ? Object.values(one) : [],
    );
  }
  return false;
}
