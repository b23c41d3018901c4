import type { Collaborators } from './collaborators.ts';
import { expireDemands } from './demands.ts';
import { failAgent } from './fail-agent.ts';
import { HostSlots } from './host-slots.ts';
import { observeAgents } from './observe-agents.ts';
import { planAndRecord } from './plan-agents.ts';
import { provisionAgent } from './provision-agent.ts';
import { keepAnchor, readJenkins } from './read-jenkins.ts';
import { reconcileAgents } from './reconcile-agents.ts';
import { removeAgent } from './remove-agent.ts';
import type { Agent } from './rules/agent.ts';
import { triedAgain } from './rules/back-off.ts';
import type { Attempts } from './rules/back-off.ts';
import { moved } from './rules/life.ts';
import { nextPoll } from './rules/jenkins-grace.ts';
import { endOf } from './rules/reconcile.ts';

export interface LoopTimes {
  readonly pollMilliseconds: number;
  readonly reconcileMilliseconds: number;
  /** Agents that are made at once on one host. */
  readonly parallelPerHost: number;
}

/**
 * What goes on by itself: Jenkins is read every second or two, everything is compared every twenty, and
 * whatever a step needs next is begun at once. Each loop waits for its own end before it comes again.
 */
export class AgentLoops {
  readonly #collaborators: Collaborators;
  readonly #times: LoopTimes;
  /** For what is done before the engine is asked, and for the engine. */
  readonly #ahead: HostSlots;
  readonly #slots: HostSlots;
  readonly #attempts = new Map<string, Attempts>();
  readonly #running = new Set<Promise<void>>();
  #cancelPoll: () => void = () => undefined;
  #cancelReconcile: () => void = () => undefined;
  #reconciling: Promise<void> | null = null;
  #isStopped = false;

  constructor(collaborators: Collaborators, times: LoopTimes) {
    this.#collaborators = collaborators;
    this.#times = times;
    this.#ahead = new HostSlots(times.parallelPerHost);
    this.#slots = new HostSlots(times.parallelPerHost);
  }

  start(): void {
    for (const { engine } of this.#collaborators.situation.hosts) {
      engine.watch({
        died: (container, agent, exitCode) => this.died(container, agent, exitCode),
        missed: () => this.#run(() => this.reconcileNow()),
      });
    }
    // First of all: what is there? Before that is known, nothing is planned.
    this.#run(async () => {
      await readJenkins(this.#collaborators);
      await this.reconcileNow();
      await this.#pollAgain();
    });
  }

  /** Lets what is under way end, and begins nothing more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelPoll();
    this.#cancelReconcile();
    await this.quiet();
  }

  /** Resolves when nothing is under way. */
  async quiet(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** What could not be removed yet, and why. */
  get stuck(): ReadonlyMap<string, Attempts> {
    return this.#attempts;
  }

  /** As `planNow`, for who does not wait for what comes of it. */
  planSoon(): void {
    this.#run(() => this.planNow());
  }

  /** Plans with what is known, and begins what follows: for what must not wait for the next poll. */
  async planNow(): Promise<void> {
    if (this.#isStopped) return;
    const { agents, situation } = this.#collaborators;
    // Begun in this very tick, so that one write carries both steps.
    const made = planAndRecord(this.#collaborators);
    const isPaused = situation.outlook.pausedBecause !== null;
    for (const { id, state } of isPaused ? [] : agents.all()) {
      if (state === 'requested' && !situation.inHand.has(id)) this.#provision(id);
    }
    await made;
    this.#removeAll();
  }

  /** Reads Jenkins once, brings records to it, and plans. */
  async pollNow(): Promise<void> {
    const { clock, situation } = this.#collaborators;
    const asked = clock.now();
    const wasSettled = situation.jenkins.isSettled;
    const isItself = await readJenkins(this.#collaborators);
    await expireDemands(this.#collaborators);
    if (isItself) {
      if (!wasSettled && situation.jenkins.isSettled) await this.reconcileNow();
      await keepAnchor(this.#collaborators);
      await observeAgents(this.#collaborators, asked);
    }
    await this.planNow();
  }

  /** Compares everything once; a comparison under way is waited for, not doubled. */
  reconcileNow(): Promise<void> {
    this.#reconciling ??= this.#reconcile().finally(() => (this.#reconciling = null));
    return this.#reconciling;
  }

  async #pollAgain(): Promise<void> {
    if (this.#isStopped) return;
    try {
      await this.pollNow();
    } finally {
      if (!this.#isStopped) {
        const { clock, situation } = this.#collaborators;
        const pause = nextPoll(situation.jenkins, this.#times.pollMilliseconds);
        this.#cancelPoll = clock.after(pause, () => this.#run(() => this.#pollAgain()));
      }
    }
  }

  async #reconcile(): Promise<void> {
    this.#cancelReconcile();
    if (this.#isStopped) return;
    try {
      await reconcileAgents(this.#collaborators);
      this.#removeAll();
    } finally {
      const pause = this.#times.reconcileMilliseconds;
      this.#cancelReconcile = this.#collaborators.clock.after(pause, () =>
        this.#run(() => this.reconcileNow()),
      );
      if (this.#isStopped) this.#cancelReconcile();
    }
  }

  /** Acts on the end of a container at once. */
  died(container: string, agent: string, exitCode: number | null): void {
    this.#run(() => this.#died(container, agent, exitCode));
  }

  async #died(container: string, id: string, exitCode: number | null): Promise<void> {
    const agent = this.#collaborators.agents.get(id);
    if (agent === undefined || (agent.container ?? container) !== container) return;
    const isUsed = agent.phases.connected !== undefined;
    const cause = endOf({ exitCode, reason: null });
    await failAgent(this.#collaborators, id, cause, isUsed ? 'nobody' : 'template');
    this.#removeAll();
  }

  #provision(id: string): void {
    const { agents, situation } = this.#collaborators;
    const host = agents.get(id)?.host ?? '';
    situation.inHand.add(id);
    this.#run(async () => {
      try {
        await provisionAgent(this.#collaborators, id, {
          ahead: (work) => this.#ahead.use(host, work),
          engine: (work) => this.#slots.use(host, work),
        });
      } finally {
        situation.inHand.delete(id);
      }
      this.#removeAll();
    });
  }

  #removeAll(): void {
    const { agents, situation, clock } = this.#collaborators;
    const now = clock.now().getTime();
    for (const agent of agents.all()) {
      if (situation.inHand.has(agent.id) || !isLeaving(agent, now)) continue;
      if ((this.#attempts.get(agent.id)?.next ?? 0) > now) continue;
      situation.inHand.add(agent.id);
      this.#run(() => this.#remove(agent.id));
    }
  }

  async #remove(id: string): Promise<void> {
    const { agents, situation, clock } = this.#collaborators;
    try {
      await agents.change(id, (agent) =>
        agent?.state === 'failed' ? moved(agent, 'deleting', agent.cause, clock.now()) : null,
      );
      const left = await removeAgent(this.#collaborators, id);
      if (left === null) this.#attempts.delete(id);
      else this.#attempts.set(id, triedAgain(this.#attempts.get(id), left, clock.now()));
    } finally {
      situation.inHand.delete(id);
    }
  }

  /** Nothing that goes wrong here may end the process, or go unseen. */
  #run(work: () => Promise<void>): void {
    if (this.#isStopped) return;
    const running = work()
      .catch((cause: unknown) => {
        this.#collaborators.log.error({ err: cause }, 'something went wrong with agents');
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}

/** To be removed now: a failed agent stays for as long as its template, or a person, wants to look at it. */
function isLeaving({ state, heldUntil }: Agent, now: number): boolean {
  if (state === 'deleting') return true;
  return state === 'failed' && (heldUntil === null || Date.parse(heldUntil) <= now);
}
