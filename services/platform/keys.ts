import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A new key of 256 random bits: nothing to guess, so a fast hash of it is as good as a slow one. */
export function makeKey(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a key: `sha256$SALT$HEX`. */
export function hashKey(key: string, salt: string = randomBytes(16).toString('hex')): string {
  return `sha256$${salt}$${digest(salt, key).toString('hex')}`;
}

/** Compares a key with a kept hash in a time that does not depend on where they differ. */
export function matchesKey(key: string, keyHash: string): boolean {
  const [algorithm, salt, hex = ''] = keyHash.split('$');
  if (algorithm !== 'sha256' || salt === undefined) return false;
  const actual = digest(salt, key);
  const expected = Buffer.from(hex, 'hex');
  return expected.length === actual.length && timingSafeEqual(actual, expected);
}

function digest(salt: string, key: string): Buffer {
  return createHash('sha256').update(`${salt}$${key}`).digest();
}
