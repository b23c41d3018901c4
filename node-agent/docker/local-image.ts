import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { z } from 'zod';
import { done, failed } from '../rules/outcome.ts';
import type { FromEngine } from '../ports.ts';
import { tellEngine, type Patience } from './ask-engine.ts';
import { reading } from './engine-answers.ts';
import { jsonStream } from './json-stream.ts';

/** One line of what an import streams. */
const importLine = z.object({ error: z.string().optional() });

/** Makes an image of the tar of a root folder, without any registry. */
export async function importImage(
  docker: Docker,
  { repository, tag }: { readonly repository: string; readonly tag: string },
  archive: Buffer,
  patience: Patience,
): FromEngine<void> {
  let refusal: string | null = null;
  const imported = await tellEngine(patience, async (abortSignal) => {
    const options = { repo: repository, tag, abortSignal };
    const stream = await docker.importImage(Readable.from([archive]), options);
    for await (const value of jsonStream(stream)) {
      refusal ??= reading(importLine)(value)?.error ?? null;
    }
  });
  return refusal === null ? imported : failed({ kind: 'refused', reason: refusal });
}

/** Removes an image; one that is not there counts as removed. */
export async function removeImage(docker: Docker, name: string, patience: Patience) {
  const removed = await tellEngine(patience, (abortSignal) =>
    docker.getImage(name).remove({ abortSignal }),
  );
  return !removed.ok && removed.failure.kind === 'absent' ? done(undefined) : removed;
}
