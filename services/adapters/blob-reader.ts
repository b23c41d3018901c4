import { open } from 'node:fs/promises';
import type { BlobReader } from '../chacra/ports.ts';
import type { BodyGarbage } from './body-garbage.ts';
import { readOrDamaged } from './read-or-damaged.ts';

/** Bytes read into a buffer that is used again leave so much less garbage than those of a body. */
const IN_PLACE = 8;

/** Opens a stored file; DATA_DAMAGED when it cannot be opened. Its `close` must be called. */
export async function openBlobReader(path: string, garbage: BodyGarbage): Promise<BlobReader> {
  const file = await readOrDamaged(path, () => open(path, 'r'));
  const { size } = await file.stat();
  return {
    size,
    read: async (buffer, position) => {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      garbage.passed(bytesRead / IN_PLACE);
      return bytesRead;
    },
    close: () => file.close(),
  };
}
