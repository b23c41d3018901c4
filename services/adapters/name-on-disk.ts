import { createHash } from 'node:crypto';

/** A file name for any text: what people name may be longer than file names may be, and hold any character. */
export function nameOnDisk(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
