import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Collaborators } from '../collaborators.ts';
import type { AgentPhases } from '../rules/agent.ts';
import { isQuarantined } from '../rules/brake.ts';
import { isPresent } from '../rules/life.ts';

const SECONDS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 900];
const PHASES = ['pulled', 'created', 'started', 'connected', 'firstBuild'] as const;

/** What an operator watches on agents; collected when it is asked for. Answers the counter of leaks. */
export function agentMetrics(registry: Registry): {
  readonly leaked: (kind: 'container' | 'node') => void;
  readonly watch: (collaborators: Collaborators) => void;
} {
  const registers = [registry];
  const leaks = new Counter({
    name: 'gitbuilder_agents_leaks_reaped_total',
    help: 'Containers and nodes of ours that no record knew of, removed.',
    labelNames: ['kind'],
    registers,
  });
  return {
    leaked: (kind) => leaks.inc({ kind }),
    watch: (collaborators) => {
      watchAgents(registers, collaborators);
      watchNeeds(registers, collaborators);
    },
  };
}

function watchAgents(registers: Registry[], { agents }: Collaborators): void {
  new Gauge({
    name: 'gitbuilder_agents',
    help: 'Agents, by template, host and state.',
    labelNames: ['template', 'host', 'state'],
    registers,
    collect() {
      this.reset();
      for (const agent of agents.all()) {
        if (!isPresent(agent)) continue;
        this.inc({ template: agent.template, host: agent.host ?? '', state: agent.state });
      }
    },
  });
  const phases = new Histogram({
    name: 'gitbuilder_agents_phase_seconds',
    help: 'From the request of an agent to each phase of its life.',
    labelNames: ['template', 'phase'],
    buckets: SECONDS,
    registers,
  });
  const ends = new Counter({
    name: 'gitbuilder_agents_failed_total',
    help: 'Agents that failed, by template.',
    labelNames: ['template'],
    registers,
  });
  agents.watch((before, after) => {
    if (after === undefined) return;
    if (after.state === 'failed' && before?.state !== 'failed') {
      ends.inc({ template: after.template });
    }
    for (const phase of PHASES) {
      const at = after.phases[phase];
      if (at === undefined || before?.phases[phase] !== undefined) continue;
      phases.observe({ template: after.template, phase }, secondsTo(after.phases, at));
    }
  });
}

function secondsTo({ requested }: AgentPhases, at: string): number {
  return Math.max(0, Date.parse(at) - Date.parse(requested)) / 1000;
}

function watchNeeds(registers: Registry[], { demands, situation, standing }: Collaborators): void {
  new Gauge({
    name: 'gitbuilder_agents_demands',
    help: 'Demands that are open.',
    registers,
    collect() {
      this.set(demands.all().length);
    },
  });
  new Gauge({
    name: 'gitbuilder_agents_refused',
    help: 'Agents that are needed and not made, by template and what stands in the way.',
    labelNames: ['template', 'kind'],
    registers,
    collect() {
      this.reset();
      for (const { template, kind, count } of situation.outlook.plan?.refused ?? []) {
        this.inc({ template, kind }, count);
      }
    },
  });
  new Gauge({
    name: 'gitbuilder_agents_unmatched',
    help: 'Needs that no template matches.',
    registers,
    collect() {
      this.set(situation.outlook.plan?.unmatched.length ?? 0);
    },
  });
  new Gauge({
    name: 'gitbuilder_agents_jenkins_up',
    help: '1 while Jenkins answers as it should.',
    registers,
    collect() {
      this.set(situation.jenkins.awayReason === null ? 1 : 0);
    },
  });
  new Gauge({
    name: 'gitbuilder_agents_host_up',
    help: '1 while the engine of a host answers.',
    labelNames: ['host'],
    registers,
    collect() {
      for (const { settings, awayReason } of situation.hosts) {
        this.set({ host: settings.name }, awayReason === null ? 1 : 0);
      }
    },
  });
  new Gauge({
    name: 'gitbuilder_agents_quarantined',
    help: 'Templates that failed too often in a row.',
    registers,
    collect() {
      this.set(Object.values(standing.get().brakes).filter(isQuarantined).length);
    },
  });
}
