import { blobJson, blobLines } from '../api/blob-json.ts';
import type { BlobFacts } from '../api/blob-json.ts';
import { CHACRA_ROUTES } from '../api/chacra-routes.ts';
import { knownBlobs } from '../chacra/attach-binary.ts';
import { findBlobUses } from '../chacra/find-blob-uses.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { Answer } from '../platform/answer.ts';
import { factLines, formatOf } from './answer-format.ts';
import type { ChacraContext } from './chacra-context.ts';
import { param } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { readBody } from './read-json.ts';
import { readQuery } from './read-query.ts';
import type { Register } from './register.ts';

const SHA256 = /^[0-9a-f]{64}$/;

/** `/api/v1/blobs/…`: what need not be sent, because attaching it is enough; and who uses some bytes. */
export function blobRoutes(register: Register, context: ChacraContext): void {
  register(CHACRA_ROUTES.blobs.known, async (exchange) => {
    const known = await knownBlobs(context.blobs, await readDigests(exchange));
    return { kind: 'text', body: known.map((sha256) => `${sha256}\n`).join('') };
  });
  register(CHACRA_ROUTES.blobs.uses, (exchange) => uses(context, exchange));
}

async function uses(context: ChacraContext, exchange: Exchange): Promise<Answer> {
  const format = formatOf(readQuery(exchange, CHACRA_ROUTES.blobs.uses), exchange);
  const sha256 = param(exchange, 'sha256').toLowerCase();
  if (!SHA256.test(sha256)) {
    const reason = 'expected a sha256, 64 hexadecimal digits, in the path';
    throw new GitbuilderError('REQUEST_INVALID', { reason });
  }
  const facts = await blobFacts(context, sha256);
  const { publicUrl } = exchange;
  if (format === 'json') return { kind: 'json', body: blobJson(facts, publicUrl) };
  return { kind: 'text', body: factLines(blobLines(facts, publicUrl)) };
}

async function blobFacts(context: ChacraContext, sha256: string): Promise<BlobFacts> {
  const pause = () => context.turns.next();
  const { binaries, published } = await findBlobUses({ ...context, pause }, new Set([sha256]));
  const stored = await context.blobs.sizeOf(sha256);
  const named = binaries[0]?.binary.blob?.size ?? published[0]?.file.size ?? null;
  if (stored === null && named === null) throw new GitbuilderError('BLOB_UNKNOWN', { sha256 });
  return { sha256, size: stored ?? named, isStored: stored !== null, binaries, published };
}

async function readDigests(exchange: Exchange): Promise<string[]> {
  const lines = (await readBody(exchange)).toString('latin1').split(/\r?\n/);
  const digests = lines.filter((line) => line !== '').map((line) => line.toLowerCase());
  const wrong = digests.find((digest) => !SHA256.test(digest));
  if (wrong === undefined) return digests;
  const reason = `expected one sha256 in hexadecimal on each line, found ${JSON.stringify(wrong.slice(0, 80))}`;
  throw new GitbuilderError('REQUEST_INVALID', { reason });
}
