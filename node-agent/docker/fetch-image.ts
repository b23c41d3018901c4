import type Docker from 'dockerode';
import { z } from 'zod';
import { reasonOf } from '../../services/domain/reason.ts';
import type { ImageOrder } from '../rules/container.ts';
import { withTag } from '../rules/image-name.ts';
import { done, failed } from '../rules/outcome.ts';
import { pullAdvised } from '../rules/pull-advice.ts';
import { PullProgress, type PullLine } from '../rules/pull-progress.ts';
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
import { NO_LOGINS, type RegistryLogin, type RegistryLogins } from './registry-logins.ts';

/** One line of what `POST /images/create` streams. */
const pullLine = z.object({
  status: z.string().optional(),
  id: z.string().optional(),
  progress: z.string().optional(),
  progressDetail: z
    .object({ current: z.number().optional(), total: z.number().optional() })
    .optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string().optional() }).optional(),
});

/** What every pull of an engine needs beside its order. */
interface Pulling {
  readonly told: Told;
  readonly logins: RegistryLogins;
}

/** Told while it goes on: `Downloading 3f4ca61aafcd [=====> ] 12MB/30MB`, and of a pull, of what and how far it is. */
export type Told = (line: string, pull?: { readonly image: string; readonly done: string }) => void;

/** Fetches images for one engine: forty agents of one template wait for one pull. */
export class ImageFetching {
  readonly #docker: Docker;
  readonly #pulling: Pulling;
  readonly #running = new Map<string, FromEngine<string>>();

  constructor(docker: Docker, { told = () => undefined, logins = NO_LOGINS }: Partial<Pulling>) {
    this.#docker = docker;
    this.#pulling = { told, logins };
  }

  /** As `ContainerEngine.fetchImage`. `patience` is for a look; a pull has that of its order. */
  fetch(order: ImageOrder, patience: Patience): FromEngine<string> {
    const key = `${order.image} ${order.policy}`;
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const fetched = fetchImage(this.#docker, order, patience, this.#pulling).finally(() =>
      this.#running.delete(key),
    );
    this.#running.set(key, fetched);
    return fetched;
  }
}

/** Sees to it that the image is there, as the policy says, and names its digest. */
async function fetchImage(
  docker: Docker,
  { image, policy, timeoutMilliseconds }: ImageOrder,
  patience: Patience,
  pulling: Pulling,
): FromEngine<string> {
  const look = async (): FromEngine<string> => {
    const found = await inspectImage(docker, image, patience);
    return found.ok ? done(found.value.Id) : found;
  };
  if (policy !== 'always') {
    const found = await look();
    if (found.ok || found.failure.kind !== 'absent') return found;
    if (policy === 'never') {
      const reason = `${found.failure.reason}; build or load it there, or let pull be missing`;
      return failed({ kind: 'no-image', reason });
    }
  }
  const login = await loginFor(image, pulling.logins);
  if (!login.ok) return login;
  const order = { image, login: login.value, told: pulling.told };
  const pulled = await pullImage(docker, order, { ...patience, milliseconds: timeoutMilliseconds });
  if (!pulled.ok) return pulled;
  const found = await look();
  if (found.ok || found.failure.kind !== 'absent') return found;
  return failed({ kind: 'pull-failed', reason: 'the pull ended, and the image is not there' });
}

/** Who pulls an image, or that this cannot be told. */
export async function loginFor(
  image: string,
  logins: RegistryLogins,
): FromEngine<RegistryLogin | null> {
  try {
    return done(await logins(image));
  } catch (cause) {
    const reason = reasonOf(cause);
    return failed({ kind: 'pull-failed', reason: `no password for its registry: ${reason}` });
  }
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

interface PullOrder {
  readonly image: string;
  readonly login: RegistryLogin | null;
  readonly told: Told;
}

/** A refusal of the registry comes as a status, or inside the stream of a pull that began well. */
async function pullImage(
  docker: Docker,
  { image, login, told }: PullOrder,
  patience: Patience,
): FromEngine<void> {
  let refusal: string | null = null;
  let ending: AbortSignal | null = null;
  const progress = new PullProgress();
  const pulled = await tellEngine(patience, async (abortSignal) => {
    ending = abortSignal;
    try {
      const stream = await docker.pull(withTag(image), {
        abortSignal,
        ...(login === null ? {} : { authconfig: login }),
      });
      for await (const value of jsonStream(stream)) {
        const line = reading(pullLine)(value);
        if (line === undefined) throw new SyntaxError(`no progress: ${JSON.stringify(value)}`);
        refusal ??= line.errorDetail?.message ?? line.error ?? null;
        progress.note(layerLine(line));
        told([line.status, line.id, line.progress].filter(Boolean).join(' '), {
          image,
          done: progress.text,
        });
      }
    } catch (cause) {
      if (statusOf(cause) === null) throw cause;
      const failure = failureOf(cause);
      if (failure.kind === 'unreachable' || failure.kind === 'nonsense') throw cause;
      refusal = failure.reason;
    }
  });
  const advised = (reason: string) => pullAdvised(reason, image, login?.username ?? null);
  if (refusal !== null) return failed({ kind: refusalKind(refusal), reason: advised(refusal) });
  // A registry that is slow says nothing about the engine.
  if (!pulled.ok && isAborted(ending) && !patience.closed.aborted) {
    return failed({ kind: 'pull-failed', reason: advised(pulled.failure.reason) });
  }
  return pulled;
}

function layerLine({ status, id, progressDetail }: z.infer<typeof pullLine>): PullLine {
  const { current, total } = progressDetail ?? {};
  const bytes = current === undefined || total === undefined ? null : { current, total };
  return { status: status ?? null, id: id ?? null, bytes };
}

function isAborted(signal: AbortSignal | null): boolean {
  return signal?.aborted ?? false;
}

/** Whether the registry has no such image, in the words of Docker and of registries. */
function refusalKind(refusal: string): 'no-image' | 'pull-failed' {
  const absent = /not found|manifest unknown|does not exist|name unknown|no such image/i;
  return absent.test(refusal) ? 'no-image' : 'pull-failed';
}
