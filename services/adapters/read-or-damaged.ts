import { GitbuilderError } from '../domain/errors.ts';

/** Reads stored data; whatever goes wrong becomes DATA_DAMAGED, so that the operator learns which file it is. */
export async function readOrDamaged<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const reason = inner instanceof Error ? inner.message : String(inner);
    throw new GitbuilderError('DATA_DAMAGED', { file, reason }, { cause });
  }
}
