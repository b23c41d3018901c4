import type { IncomingMessage } from 'node:http';
import { CHACRA_ROUTES } from '../api/chacra-routes.ts';
import { knownBlobs } from '../chacra/attach-binary.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { ChacraContext } from './chacra-context.ts';
import { readBody } from './read-json.ts';
import type { Register } from './register.ts';

/** `/api/v1/blobs/known`: what need not be sent, because attaching it is enough. */
export function knownBlobsRoute(register: Register, { blobs }: ChacraContext): void {
  register(CHACRA_ROUTES.knownBlobs, async ({ request }) => {
    const known = await knownBlobs(blobs, await readDigests(request));
    return { kind: 'text', body: known.map((sha256) => `${sha256}\n`).join('') };
  });
}

async function readDigests(request: IncomingMessage): Promise<string[]> {
  const lines = (await readBody(request)).toString('latin1').split(/\r?\n/);
  const digests = lines.filter((line) => line !== '').map((line) => line.toLowerCase());
  const wrong = digests.find((digest) => !/^[0-9a-f]{64}$/.test(digest));
  if (wrong === undefined) return digests;
  const reason = `expected one sha256 in hexadecimal on each line, found ${JSON.stringify(wrong.slice(0, 80))}`;
  throw new GitbuilderError('REQUEST_INVALID', { reason });
}
