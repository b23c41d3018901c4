import { digestFile, fileChunks } from './local-file.ts';
import type { DigestedFile, LocalFile } from './local-file.ts';
import { Problem } from './problem.ts';
import type { StorageNode } from './storage-node.ts';

/** Below this the digest takes less time than the requests that doing without it costs. */
export const AHEAD_BYTES = 67_108_864;

/** What is known of a large file after it was sent ahead, or was not. */
export interface SentAhead {
  readonly file: DigestedFile;
  readonly isKnown: boolean;
  /** Else it has to be brought like any other. */
  readonly isThere: boolean;
}

/**
 * Sends a large file while its digest is still being taken, which would cost as long as a fast network
 * takes for a sixth of the file. The last bytes stay here until the digest is known and the node said
 * that it has no such bytes; afterwards the node must agree that it holds that digest under that name.
 * One attempt: whatever goes wrong is left to the ordinary way, and so is a name that is taken.
 */
export async function sendAhead(
  node: StorageNode,
  file: LocalFile,
  sent: (bytes: number) => void,
): Promise<SentAhead> {
  const digesting = digestFile(file);
  const asking = digesting.then(async (digested) => {
    const known = await node.known([digested.sha256]);
    return { file: digested, isKnown: known.has(digested.sha256) };
  });
  let isKnown = false;
  asking.then(
    (asked) => (isKnown = asked.isKnown),
    // Told where it is awaited.
    () => undefined,
  );
  const chunks = async function* () {
    let left = file.size;
    for await (const chunk of fileChunks(file)) {
      left -= chunk.length;
      if (isKnown || (left === 0 && (await asking).isKnown)) throw new Problem('it is known');
      yield chunk;
      sent(chunk.length);
    }
  };
  const isSent = !(await node.has(file)) && (await node.trySending(file, chunks));
  const asked = await asking;
  if (!isSent) return { ...asked, isThere: false };
  return { ...asked, isThere: (await node.attach(asked.file, false)) === 'already there' };
}
