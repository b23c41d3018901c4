import type { Agent } from './agent.ts';
import type { Computer } from './jenkins-facts.ts';
import { ageInState, moved } from './life.ts';

/** What a reading of Jenkins says of one agent, and what must be known to judge it. */
export interface Observation {
  readonly computer: Computer;
  /** When the reading was asked for: what was done later is not in it. */
  readonly asked: string;
  /** The run of the controller. */
  readonly session: string | null;
  /** A build that ran here before the controller restarted waits for this node to come back. */
  readonly isAwaited: boolean;
  /** False shortly after the controller was away, when agents have not had the time to come back. */
  readonly isSettled: boolean;
  readonly now: Date;
}

/** Of its template; of one that is no longer there, what agents had when it was. */
export interface AgentLimits {
  readonly uses: number | null;
  readonly connectSeconds: number;
  readonly noReconnectAfterSeconds: number;
}

export interface Observed {
  /** Null when nothing changed. */
  readonly agent: Agent | null;
  /** What Jenkins must be told. */
  readonly tell: 'close' | 'open' | null;
}

/** How long somebody who set a node offline in Jenkins may look at it. */
const HELD_IN_JENKINS_MILLISECONDS = 24 * 3_600_000;

/** What becomes of an agent by what Jenkins shows of its node. Deletes nothing that might be busy. */
export function observeAgent(agent: Agent, seen: Observation, limits: AgentLimits): Observed {
  const known = withConnection(agent, seen);
  switch (agent.state) {
    case 'connecting':
      return changed(agent, connecting(known, seen, limits));
    case 'idle':
    case 'busy':
      return changed(agent, serving(known, seen, limits));
    case 'draining':
      return draining(agent, known, seen);
    case 'held':
      return changed(agent, held(known, seen));
    case 'requested':
    case 'creating':
    case 'starting':
    case 'failed':
    case 'deleting':
    case 'gone':
      return { agent: null, tell: null };
  }
}

function changed(before: Agent, after: Agent): Observed {
  const isDraining = after.state === 'draining' && after.closedAt === null;
  return { agent: after === before ? null : after, tell: isDraining ? 'close' : null };
}

/** Notes since when the connection is lost; closed nodes count as connected, Jenkins does not tell. */
function withConnection(agent: Agent, { computer, now }: Observation): Agent {
  const isLost = computer.offline && !computer.temporarilyOffline;
  if (isLost === (agent.offlineSince !== null)) return agent;
  return { ...agent, offlineSince: isLost ? now.toISOString() : null };
}

function connecting(agent: Agent, seen: Observation, limits: AgentLimits): Agent {
  const { computer, isSettled, now } = seen;
  if (!computer.offline) {
    const phases = { ...agent.phases, connected: now.toISOString() };
    const cause = 'its agent process has connected';
    return serving(moved(agent, 'idle', cause, now, { phases }), seen, limits);
  }
  if (!isSettled || ageInState(agent, now) < limits.connectSeconds * 1000) return agent;
  return moved(agent, 'failed', `did not connect within ${limits.connectSeconds} s`, now);
}

function serving(agent: Agent, seen: Observation, limits: AgentLimits): Agent {
  const { computer, session, now } = seen;
  const [build = null] = computer.builds;
  if (!computer.idle) {
    const isNew = agent.state === 'idle' || (build !== null && build !== agent.build);
    const isSame = !isNew && agent.buildSession === session;
    const uses = agent.uses + (isNew ? 1 : 0);
    const firstBuild = agent.phases.firstBuild ?? now.toISOString();
    const phases = { ...agent.phases, firstBuild };
    const running = isSame
      ? agent
      : { ...agent, uses, phases, build: build ?? agent.build, buildSession: session };
    if (limits.uses !== null && uses >= limits.uses) {
      return moved(running, 'draining', `is used ${times(limits.uses)}, then it goes`, now);
    }
    const cause = build === null ? 'runs a build' : `runs ${build}`;
    return agent.state === 'idle' ? moved(running, 'busy', cause, now) : running;
  }
  const lost = lostFor(agent, now);
  if (agent.state === 'busy') {
    if (seen.isAwaited) return agent;
    if (lost === null && !computer.offline) return moved(agent, 'idle', 'its build ended', now);
    return isOver(lost, limits.noReconnectAfterSeconds, seen)
      ? moved(agent, 'failed', 'lost its connection while a build ran, and did not come back', now)
      : agent;
  }
  if (isOver(lost, limits.connectSeconds, seen)) {
    return moved(agent, 'failed', 'lost its connection and did not come back', now);
  }
  if (!computer.temporarilyOffline) return agent;
  // A full disk is nothing to look at for a day: another agent may have another one.
  if (computer.isOfflineByMonitor) {
    return moved(agent, 'draining', `Jenkins took it offline: ${computer.offlineReason}`, now);
  }
  const heldUntil = new Date(now.getTime() + HELD_IN_JENKINS_MILLISECONDS).toISOString();
  const why = computer.offlineReason === '' ? '' : `: ${computer.offlineReason}`;
  return moved(agent, 'held', `somebody set it offline in Jenkins${why}`, now, { heldUntil });
}

/** Deleted after two readings that show it idle, both asked for after it was closed to new builds. */
function draining(before: Agent, agent: Agent, seen: Observation): Observed {
  const { computer, asked, session, isAwaited, isSettled, now } = seen;
  if (!computer.idle) {
    const [build = agent.build] = computer.builds;
    const isSame =
      agent.build === build && agent.buildSession === session && agent.idleReading === null;
    // It began in the very moment in which the agent was retired; or the agent was started by a process
    // that ended, and this is the first that is seen of its build.
    const isNew = build !== null && build !== agent.build;
    const uses = Math.max(agent.uses + (isNew ? 1 : 0), 1);
    const running = isSame
      ? agent
      : { ...agent, uses, build, buildSession: session, idleReading: null };
    return changed(before, running);
  }
  if (isAwaited) {
    // A closed node takes nobody back, not even the build that was on it.
    const open = { ...agent, closedAt: null, idleReading: null };
    return {
      agent: agent.closedAt === null && agent.idleReading === null ? null : open,
      tell: computer.temporarilyOffline ? 'open' : null,
    };
  }
  if (agent.closedAt === null) return changed(before, agent);
  if (asked <= agent.closedAt) return { agent: null, tell: null };
  if (!computer.temporarilyOffline) {
    // Not closed any more, or (after a restart) not yet again. One that never connected is as good as closed.
    const isUnused = agent.phases.connected === undefined;
    if (!isUnused && computer.offline && !isSettled) return changed(before, agent);
    if (!isUnused || !computer.offline) {
      return changed(before, { ...agent, closedAt: null, idleReading: null });
    }
  }
  if (!isSettled) return changed(before, agent);
  if (agent.idleReading === null) return changed(before, { ...agent, idleReading: asked });
  if (asked <= agent.idleReading) return { agent: null, tell: null };
  return changed(before, moved(agent, 'deleting', agent.cause, now));
}

function held(agent: Agent, seen: Observation): Agent {
  const { computer, now } = seen;
  if (agent.heldUntil !== null && Date.parse(agent.heldUntil) <= now.getTime()) {
    return moved(agent, 'draining', 'the time to look at it is over', now, { heldUntil: null });
  }
  const isOpened = agent.closedAt === null && !computer.offline;
  if (!isOpened) return agent;
  return moved(agent, 'idle', 'somebody set it online in Jenkins', now, { heldUntil: null });
}

function lostFor({ offlineSince }: Agent, now: Date): number | null {
  return offlineSince === null ? null : now.getTime() - Date.parse(offlineSince);
}

function isOver(lost: number | null, seconds: number, { isSettled }: Observation): boolean {
  return isSettled && lost !== null && lost >= seconds * 1000;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
