import type { IncomingMessage } from 'node:http';
import type { ExpectedDigest } from '../chacra/check-digests.ts';
import { GitbuilderError } from '../domain/errors.ts';

const LENGTHS = { sha256: 64, sha512: 128 } as const;

/**
 * The digests that an uploader states for a body: our two headers, Content-Digest (RFC 9530), and
 * `?sha256=`, because a curl that sends many files has one set of headers for all of them.
 */
export function expectedDigests({
  headers,
  url,
}: Pick<IncomingMessage, 'headers' | 'url'>): ExpectedDigest[] {
  const expected: ExpectedDigest[] = [];
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const header = algorithm === 'sha256' ? 'X-Checksum-Sha256' : 'X-Checksum-Sha512';
    const value = headers[header.toLowerCase()];
    if (value !== undefined) expected.push(hexadecimal(header, algorithm, String(value)));
  }
  const inQuery = new URL(url ?? '', 'http://localhost').searchParams.get('sha256');
  if (inQuery !== null) expected.push(hexadecimal('?sha256=', 'sha256', inQuery));
  const digest = headers['content-digest'];
  return digest === undefined ? expected : [...expected, ...contentDigest(String(digest))];
}

function hexadecimal(
  header: string,
  algorithm: ExpectedDigest['algorithm'],
  value: string,
): ExpectedDigest {
  const hex = value.trim().toLowerCase();
  if (!new RegExp(`^[0-9a-f]{${LENGTHS[algorithm]}}$`).test(hex)) {
    throw invalid(header, `it takes ${LENGTHS[algorithm]} hexadecimal digits`);
  }
  return { header, algorithm, hex };
}

/** Members of other algorithms are skipped, as the RFC allows; one of ours that is broken is not. */
function contentDigest(value: string): ExpectedDigest[] {
  const header = 'Content-Digest';
  return value.split(',').flatMap((member) => {
    const match = /^\s*([a-z0-9-]+)=:([A-Za-z0-9+/=]*):\s*$/.exec(member);
    if (match === null) throw invalid(header, 'expected sha-256=:BASE64:');
    const [, name, base64 = ''] = match;
    if (name !== 'sha-256' && name !== 'sha-512') return [];
    const algorithm = name === 'sha-256' ? 'sha256' : 'sha512';
    const hex = Buffer.from(base64, 'base64').toString('hex');
    if (hex.length !== LENGTHS[algorithm]) throw invalid(header, `${name} has the wrong length`);
    return [{ header, algorithm, hex }];
  });
}

function invalid(header: string, reason: string): GitbuilderError {
  return new GitbuilderError('DIGEST_INVALID', { header, reason });
}
