import { identityOf, type OwnContainer } from '../rules/container.ts';
import type { ListedContainer } from './engine-answers.ts';

/** A container of ours as it is listed; null for one whose labels are not all there. */
export function ownContainer(row: ListedContainer): OwnContainer | null {
  const identity = identityOf(row.Labels);
  if (identity === null) return null;
  const state = stateOf(row.State);
  // The list has it only in a sentence: `Exited (137) 5 seconds ago`.
  const exit = /^(?:Exited|Restarting) \((-?\d+)\)/.exec(row.Status)?.[1];
  const isEnded = state === 'ended';
  return {
    id: row.Id,
    identity,
    state,
    exitCode: isEnded && exit !== undefined ? Number(exit) : null,
    reason: isEnded ? row.Status : null,
  };
}

function stateOf(state: string): OwnContainer['state'] {
  switch (state) {
    case 'created':
      return 'created';
    case 'running':
    case 'paused':
    case 'restarting':
      return 'running';
    default:
      return 'ended';
  }
}
