import type Docker from 'dockerode';
import { z } from 'zod';
import type { ImageOrder } from '../rules/container.ts';
import { done, failed } from '../rules/outcome.ts';
import type { FromEngine } from '../ports.ts';
import {
  askEngine,
  getJson,
  failureOf,
  statusOf,
  tellEngine,
  type Patience,
} from './ask-engine.ts';
import { inspectedImage, reading } from './engine-answers.ts';
import { jsonStream } from './json-stream.ts';

/** One line of what `POST /images/create` streams. */
const pullLine = z.object({
  status: z.string().optional(),
  id: z.string().optional(),
  progress: z.string().optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string().optional() }).optional(),
});

/** Told while it goes on: `Downloading 3f4ca61aafcd [=====> ] 12MB/30MB`. */
export type Told = (progress: string) => void;

/** Sees to it that the image is there, as the policy says, and names its digest. */
export async function fetchImage(
  docker: Docker,
  { image, policy, timeoutMilliseconds }: ImageOrder,
  patience: Patience,
  told: Told,
): FromEngine<string> {
  const look = async (): FromEngine<string> => {
    const found = await inspectImage(docker, image, patience);
    return found.ok ? done(found.value.Id) : found;
  };
  if (policy !== 'always') {
    const found = await look();
    if (found.ok || found.failure.kind !== 'absent') return found;
    if (policy === 'never') return failed({ ...found.failure, kind: 'no-image' });
  }
  const pulled = await pullImage(
    docker,
    image,
    { ...patience, milliseconds: timeoutMilliseconds },
    told,
  );
  if (!pulled.ok) return pulled;
  const found = await look();
  if (found.ok || found.failure.kind !== 'absent') return found;
  return failed({ kind: 'pull-failed', reason: 'the pull ended, and the image is not there' });
}

/** What the engine has under a name. */
export function inspectImage(docker: Docker, image: string, patience: Patience) {
  const path = `/images/${image.split('/').map(encodeURIComponent).join('/')}/json`;
  return askEngine(
    patience,
    (abortSignal) => getJson(docker, path, abortSignal),
    reading(inspectedImage),
  );
}

/** A refusal of the registry comes as a status, or inside the stream of a pull that began well. */
async function pullImage(
  docker: Docker,
  image: string,
  patience: Patience,
  told: Told,
): FromEngine<void> {
  let refusal: string | null = null;
  let ending: AbortSignal | null = null;
  const pulled = await tellEngine(patience, async (abortSignal) => {
    ending = abortSignal;
    try {
      const stream = await docker.pull(withTag(image), { abortSignal });
      for await (const value of jsonStream(stream)) {
        const line = reading(pullLine)(value);
        if (line === undefined) throw new SyntaxError(`no progress: ${JSON.stringify(value)}`);
        refusal ??= line.errorDetail?.message ?? line.error ?? null;
        told([line.status, line.id, line.progress].filter(Boolean).join(' '));
      }
    } catch (cause) {
      if (statusOf(cause) === null) throw cause;
      const failure = failureOf(cause);
      if (failure.kind === 'unreachable' || failure.kind === 'nonsense') throw cause;
      refusal = failure.reason;
    }
  });
  if (refusal !== null) return failed({ kind: refusalKind(refusal), reason: refusal });
  // A registry that is slow says nothing about the engine.
  if (!pulled.ok && isAborted(ending) && !patience.closed.aborted) {
    return failed({ ...pulled.failure, kind: 'pull-failed' });
  }
  return pulled;
}

function isAborted(signal: AbortSignal | null): boolean {
  return signal?.aborted ?? false;
}

/** Whether the registry has no such image, in the words of Docker and of registries. */
function refusalKind(refusal: string): 'no-image' | 'pull-failed' {
  const absent = /not found|manifest unknown|does not exist|name unknown|no such image/i;
  return absent.test(refusal) ? 'no-image' : 'pull-failed';
}

/** Without a tag, Docker would pull all that the repository has. */
export function withTag(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1);
  return /[:@]/.test(name) ? image : `${image}:latest`;
}
