import type Docker from 'dockerode';
import { labelName, type CacheVolume, type ContainerSpec } from '../rules/container.ts';
import { done, failed } from '../rules/outcome.ts';
import type { FromEngine } from '../ports.ts';
import { askEngine, requestEngine, tellEngine, type Patience } from './ask-engine.ts';
import { reading, usageAnswer, volumeAnswer } from './engine-answers.ts';

const SERVICE = labelName('service');

/** Refuses cache volumes that are there and not ours; those that are missing the engine makes. */
export async function checkCaches(
  docker: Docker,
  { identity, caches }: ContainerSpec,
  patience: Patience,
): FromEngine<void> {
  for (const { volume } of caches) {
    const found = await volumeOwner(docker, volume, patience);
    if (found.ok && found.value !== identity.service) return failed(notOurs(volume));
    if (!found.ok && found.failure.kind !== 'absent') return found;
  }
  return done(undefined);
}

/**
 * Counts the cache volumes of a service. The engine reads all that they hold for it, which may take long:
 * who asks while that goes on waits for the same count.
 */
export class CacheCount {
  readonly #docker: Docker;
  readonly #service: string;
  #running: FromEngine<readonly CacheVolume[]> | null = null;

  constructor(docker: Docker, service: string) {
    this.#docker = docker;
    this.#service = service;
  }

  /** The volumes, with their sizes where the engine knows them. */
  take(patience: Patience): FromEngine<readonly CacheVolume[]> {
    this.#running ??= this.#count(patience).finally(() => (this.#running = null));
    return this.#running;
  }

  #count(patience: Patience): FromEngine<readonly CacheVolume[]> {
    // Before API 1.42 (Docker 23) engines know no type, and count images and containers too.
    const request = { method: 'GET', path: '/system/df', query: { type: 'volume' } } as const;
    return askEngine(
      patience,
      (abortSignal) => requestEngine(this.#docker, request, abortSignal),
      (answer) =>
        reading(usageAnswer)(answer)
          ?.Volumes.filter(({ Labels }) => Labels[SERVICE] === this.#service)
          .map(({ Name, CreatedAt, UsageData }) => ({
            volume: Name,
            bytes: UsageData && UsageData.Size >= 0 ? UsageData.Size : null,
            created: new Date(CreatedAt ?? 0).toISOString(),
            isInUse: (UsageData?.RefCount ?? 0) > 0,
          })),
    );
  }
}

/** Removes one, unless it is in use or not ours. */
export async function removeCache(
  docker: Docker,
  volume: string,
  service: string,
  patience: Patience,
): FromEngine<void> {
  const found = await volumeOwner(docker, volume, patience);
  if (!found.ok) return found.failure.kind === 'absent' ? done(undefined) : found;
  if (found.value !== service) return failed(notOurs(volume));
  const removed = await tellEngine(patience, (abortSignal) =>
    docker.getVolume(volume).remove({ abortSignal }),
  );
  return !removed.ok && removed.failure.kind === 'absent' ? done(undefined) : removed;
}

function volumeOwner(docker: Docker, volume: string, patience: Patience): FromEngine<string> {
  return askEngine(
    patience,
    (abortSignal) => docker.getVolume(volume).inspect({ abortSignal }),
    (answer) => {
      const read = reading(volumeAnswer)(answer);
      return read && (read.Labels[SERVICE] ?? '');
    },
  );
}

function notOurs(volume: string) {
  const reason = `the volume ${volume} was not made by this agent service`;
  return { kind: 'refused', reason } as const;
}
