import type { Collaborators } from './collaborators.ts';
import type { AgentState } from './rules/agent.ts';
import { jenkinsAnswered, jenkinsFailed } from './rules/jenkins-grace.ts';
import type { Computer, JenkinsFailure, Reading } from './rules/jenkins-facts.ts';
import type { Outcome } from './rules/outcome.ts';

/** Those that come back after Jenkins was away; of a failed or deleted one nothing comes. */
const LIVING: ReadonlySet<AgentState> = new Set(['idle', 'busy', 'draining', 'held']);

/**
 * Reads nodes, then the queue, in this order: a build that starts between the two is then in neither's
 * way, where the other order would show it waiting beside an agent that is busy with it. False when
 * Jenkins is not itself; what was read before stays as it was.
 */
export async function readJenkins(collaborators: Collaborators): Promise<boolean> {
  const { jenkins, situation, log } = collaborators;
  const computers = await jenkins.computers();
  if (!computers.ok) return away(collaborators, computers.failure);
  const queue = await jenkins.queue();
  if (!queue.ok) return away(collaborators, queue.failure);
  const wasAway = situation.jenkins.awayReason !== null;
  situation.computers = computers.value.value;
  situation.items = queue.value.value;
  noteAnswer(collaborators, queue.value, situation.computers);
  if (wasAway) log.info({ version: situation.jenkins.version }, 'Jenkins answers');
  return true;
}

function noteAnswer(
  { agents, situation, policy, clock }: Collaborators,
  reading: Reading<unknown>,
  computers: readonly Computer[],
): void {
  const online = new Set(
    computers
      .filter(({ offline, temporarilyOffline }) => !offline || temporarilyOffline)
      .map(({ name }) => name),
  );
  const areAllBack = agents
    .all()
    .filter(({ state, phases }) => LIVING.has(state) && phases.connected !== undefined)
    .every(({ node }) => online.has(node));
  situation.jenkins = jenkinsAnswered(
    situation.jenkins,
    reading,
    { areAllBack, graceMilliseconds: policy.graceMilliseconds },
    clock.now(),
  );
}

function away({ situation, log }: Collaborators, failure: JenkinsFailure): false {
  const before = situation.jenkins;
  situation.jenkins = jenkinsFailed(before, `${failure.kind}: ${failure.reason}`);
  if (before.awayReason === null) log.warn({ reason: failure.reason }, 'Jenkins is away');
  return false;
}

/** Sees to it that there is a node that never connects: without any, Jenkins' queue names no labels. */
export async function keepAnchor({
  jenkins,
  policy,
  situation,
  log,
}: Collaborators): Promise<void> {
  const { anchor } = policy;
  if (anchor === null || situation.computers.some(({ name }) => name === anchor)) return;
  const made: Outcome<void, JenkinsFailure> = await jenkins.createNode({
    name: anchor,
    description: 'kept by gitbuilder agents: it never connects, and lets the queue name labels',
    labels: [anchor],
    remoteFs: '/nonexistent',
  });
  if (!made.ok && made.failure.kind !== 'name-taken') {
    log.warn({ reason: made.failure.reason }, 'cannot make the anchor node');
  }
}
