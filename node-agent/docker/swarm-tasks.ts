import { identityOf, type OwnContainer } from '../rules/container.ts';
import type { ListedSecret, ListedService, ListedTask } from './swarm-answers.ts';

const SECRET_PREFIX = 'secret:';

/**
 * What is ours in a Swarm: services with their tasks, and secrets whose service is gone, for a crash
 * between the two leaves those. They are listed as ended, so that they are removed like any orphan.
 */
export function ownInSwarm(
  services: readonly ListedService[],
  tasks: readonly ListedTask[],
  secrets: readonly ListedSecret[],
): OwnContainer[] {
  const agents = new Set(services.flatMap(({ Spec }) => identityOf(Spec.Labels)?.agent ?? []));
  const own = services.flatMap((service) => {
    const identity = identityOf(service.Spec.Labels);
    if (identity === null) return [];
    const isStarted = (service.Spec.Mode.Replicated?.Replicas ?? 0) > 0;
    const ofIt = tasks.filter(({ ServiceID }) => ServiceID === service.ID);
    return [{ id: service.ID, identity, ...stateOf(isStarted, newest(ofIt)) }];
  });
  const left = secrets.flatMap(({ ID, Spec }): OwnContainer[] => {
    const identity = identityOf(Spec.Labels);
    if (identity === null || agents.has(identity.agent)) return [];
    const reason = 'a secret without its service';
    return [{ id: `${SECRET_PREFIX}${ID}`, identity, state: 'ended', exitCode: null, reason }];
  });
  return [...own, ...left];
}

/** The id of a left secret, from an id that was listed; null for a service. */
export function leftSecret(id: string): string | null {
  return id.startsWith(SECRET_PREFIX) ? id.slice(SECRET_PREFIX.length) : null;
}

/** Whether a task has come to its end, and nothing will follow it. */
export function hasEnded({ Status }: ListedTask): boolean {
  switch (Status.State) {
    case 'complete':
    case 'shutdown':
    case 'failed':
    case 'rejected':
    case 'remove':
    case 'orphaned':
      return true;
    default:
      return false;
  }
}

/** The status that its process ended with; Docker says 0 for one that has not ended too. */
export function exitCodeOf(task: ListedTask): number | null {
  return hasEnded(task) ? (task.Status.ContainerStatus?.ExitCode ?? null) : null;
}

function stateOf(
  isStarted: boolean,
  task: ListedTask | undefined,
): Pick<OwnContainer, 'state' | 'exitCode' | 'reason'> {
  if (task === undefined) {
    const reason = isStarted ? 'Swarm has made no task of it yet' : null;
    return { state: isStarted ? 'running' : 'created', exitCode: null, reason };
  }
  const { State, Err, Message } = task.Status;
  if (hasEnded(task)) {
    return { state: 'ended', exitCode: exitCodeOf(task), reason: Err || `${State}: ${Message}` };
  }
  const reason = State === 'running' ? null : Err || `${State}: ${Message}`;
  return { state: 'running', exitCode: null, reason };
}

function newest(tasks: readonly ListedTask[]): ListedTask | undefined {
  return [...tasks].sort((one, other) => (one.CreatedAt < other.CreatedAt ? 1 : -1))[0];
}
