import { GitbuilderError } from '../domain/errors.ts';
import type { ReceivedBlob } from './ports.ts';

/** A digest that the uploader stated, in lower-case hexadecimal, and the header that stated it. */
export interface ExpectedDigest {
  readonly header: string;
  readonly algorithm: 'sha256' | 'sha512';
  readonly hex: string;
}

/** Compares what arrived with what the uploader said he sends, before anything is kept. */
export async function checkDigests(
  received: ReceivedBlob,
  expected: readonly ExpectedDigest[],
): Promise<void> {
  for (const { header, algorithm, hex } of expected) {
    const actual = algorithm === 'sha256' ? received.ref.sha256 : await received.sha512();
    if (actual !== hex) {
      throw new GitbuilderError('DIGEST_MISMATCH', { header, algorithm, expected: hex, actual });
    }
  }
}
