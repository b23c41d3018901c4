import type Docker from 'dockerode';
import type { ContainerSpec as SwarmContainer } from 'dockerode';
import { labelName, labelsOf } from '../rules/container.ts';
import type { ContainerIdentity, HandedFile } from '../rules/container.ts';
import { done } from '../rules/outcome.ts';
import type { FromEngine } from '../ports.ts';
import { askEngine, requestEngine, tellEngine, type Patience } from './ask-engine.ts';
import { reading } from './engine-answers.ts';
import type { Owner } from './file-archive.ts';
import { madeInSwarm, secretList, type ListedSecret } from './swarm-answers.ts';

type References = SwarmContainer['Secrets'] & object;

/** Keeps files as secrets of the Swarm, which no inspection shows; what a service names them by. */
export async function makeSecrets(
  docker: Docker,
  identity: ContainerIdentity,
  files: readonly HandedFile[],
  owner: Owner,
  patience: Patience,
): FromEngine<References> {
  const references: References = [];
  for (const [at, { path, content, mode }] of files.entries()) {
    const name = `${identity.node}-${at}`;
    const body = {
      Name: name,
      Labels: labelsOf(identity),
      Data: Buffer.from(content).toString('base64'),
    };
    const made = await askEngine(
      patience,
      (abortSignal) =>
        requestEngine(docker, { method: 'POST', path: '/secrets/create', body }, abortSignal),
      reading(madeInSwarm),
    );
    if (!made.ok) return made;
    const File = { Name: path, UID: `${owner.uid}`, GID: `${owner.gid}`, Mode: mode };
    references.push({ SecretID: made.value.ID, SecretName: name, File });
  }
  return done(references);
}

/** Secrets of all agents of a service, or of one of them. */
export function listSecrets(
  docker: Docker,
  identity: Pick<ContainerIdentity, 'service'> & Partial<ContainerIdentity>,
  patience: Patience,
): FromEngine<ListedSecret[]> {
  const { service, agent } = identity;
  const label = [`${labelName('service')}=${service}`];
  if (agent !== undefined) label.push(`${labelName('agent')}=${agent}`);
  return askEngine(
    patience,
    (abortSignal) => docker.listSecrets({ filters: JSON.stringify({ label }), abortSignal }),
    reading(secretList),
  );
}

/** One that is not there counts as removed. */
export async function removeSecret(
  docker: Docker,
  id: string,
  patience: Patience,
): FromEngine<void> {
  const removed = await tellEngine(patience, (abortSignal) =>
    docker.getSecret(id).remove({ abortSignal }),
  );
  return !removed.ok && removed.failure.kind === 'absent' ? done(undefined) : removed;
}
