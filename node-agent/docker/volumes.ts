import type Docker from 'dockerode';
import { labelName, type CacheVolume, type ContainerSpec } from '../rules/container.ts';
import { done, failed } from '../rules/outcome.ts';
import type { FromEngine } from '../ports.ts';
import { askEngine, getJson, tellEngine, type Patience } from './ask-engine.ts';
import { reading, usageAnswer, volumeAnswer } from './engine-answers.ts';

const SERVICE = labelName('service');

/** Makes the cache volumes that are missing. */
export async function makeCaches(
  docker: Docker,
  spec: ContainerSpec,
  patience: Patience,
): FromEngine<void> {
  const missing = await missingCaches(docker, spec, patience);
  if (!missing.ok) return missing;
  const Labels = { [SERVICE]: spec.identity.service };
  for (const Name of missing.value) {
    const made = await tellEngine(patience, (abortSignal) =>
      docker.createVolume({ Name, Labels, abortSignal }),
    );
    if (!made.ok) return made;
  }
  return done(undefined);
}

/** Those of the cache volumes that are not there yet. Refused for one that is there and not ours. */
export async function missingCaches(
  docker: Docker,
  { identity, caches }: ContainerSpec,
  patience: Patience,
): FromEngine<readonly string[]> {
  const missing: string[] = [];
  for (const { volume } of caches) {
    const found = await volumeOwner(docker, volume, patience);
    if (found.ok && found.value !== identity.service) return failed(notOurs(volume));
    if (!found.ok && found.failure.kind !== 'absent') return found;
    if (!found.ok) missing.push(volume);
  }
  return done(missing);
}

/** The cache volumes of the service, with their sizes: the engine counts them, which may take long. */
export function listCaches(
  docker: Docker,
  service: string,
  patience: Patience,
): FromEngine<readonly CacheVolume[]> {
  return askEngine(
    patience,
    (abortSignal) => getJson(docker, '/system/df', abortSignal),
    (answer) =>
      reading(usageAnswer)(answer)
        ?.Volumes.filter(({ Labels }) => Labels[SERVICE] === service)
        .map(({ Name, CreatedAt, UsageData }) => ({
          volume: Name,
          bytes: UsageData && UsageData.Size >= 0 ? UsageData.Size : null,
          created: new Date(CreatedAt ?? 0).toISOString(),
          isInUse: (UsageData?.RefCount ?? 0) > 0,
        })),
  );
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
