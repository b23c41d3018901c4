import { GitbuilderError } from '../domain/errors.ts';
import { innerReason } from './inner-reason.ts';

/** Reads stored data; whatever goes wrong becomes DATA_DAMAGED, so that the operator learns which file it is. */
export async function readOrDamaged<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new GitbuilderError('DATA_DAMAGED', { file, reason: innerReason(cause) }, { cause });
  }
}
