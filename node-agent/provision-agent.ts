import type { Collaborators } from './collaborators.ts';
import { noteCacheUses } from './cache-uses.ts';
import { containerSpec } from './container-spec.ts';
import { failAgent } from './fail-agent.ts';
import type { Blame } from './fail-agent.ts';
import type { KnownHost } from './situation.ts';
import type { Agent, AgentState } from './rules/agent.ts';
import { starterFiles } from './rules/starter.ts';
import type { EngineFailure } from './rules/host.ts';
import { isAway } from './rules/host.ts';
import { isJenkinsAway } from './rules/jenkins-facts.ts';
import type { JenkinsFailure } from './rules/jenkins-facts.ts';
import { moved } from './rules/life.ts';
import { nodeDescription } from './rules/node-marker.ts';
import type { Outcome } from './rules/outcome.ts';
import type { Template } from './rules/template.ts';

/** Lets work begin when there is a place for it. */
export type Places = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Makes one requested agent: image, Jenkins node, secret, container, hand-over, start, in this order and
 * each noted before the next, so that a crash between any two leaves nothing that cannot be found. An
 * agent that was told to go meanwhile is left where it is. Never rejects for what may happen.
 *
 * What Jenkins has to do is done ahead, in places of its own, so that the engine, by far the slower of
 * the two, never waits for it. An image is fetched in no place: a registry may take minutes, and all who
 * want the image wait for one pull.
 */
export async function provisionAgent(
  collaborators: Collaborators,
  id: string,
  places: { readonly ahead: Places; readonly engine: Places },
): Promise<void> {
  const { agents, situation } = collaborators;
  const agent = agents.get(id);
  const host = situation.host(agent?.host ?? null);
  const template = situation.template(agent?.template ?? '');
  if (agent?.state !== 'requested') return;
  if (host === undefined || template === undefined) {
    const what = host === undefined ? `host ${agent.host}` : `template ${agent.template}`;
    return failAgent(collaborators, id, `${what} is not configured any more`, 'nobody');
  }
  const provisioning = new Provisioning(collaborators, agent, host, template);
  try {
    await provisioning.fetch();
    const secret = await places.ahead(() => provisioning.prepare());
    await places.engine(() => provisioning.launch(secret));
  } catch (cause) {
    if (cause instanceof Refused) return failAgent(collaborators, id, cause.message, cause.blame);
    if (!(cause instanceof Overtaken)) throw cause;
  }
}

/** The agent was told to go while it was made. */
class Overtaken extends Error {}

class Refused extends Error {
  readonly blame: Blame;

  constructor(message: string, blame: Blame) {
    super(message);
    this.blame = blame;
  }
}

class Provisioning {
  readonly #collaborators: Collaborators;
  readonly #agent: Agent;
  readonly #host: KnownHost;
  readonly #template: Template;

  constructor(collaborators: Collaborators, agent: Agent, host: KnownHost, template: Template) {
    this.#collaborators = collaborators;
    this.#agent = agent;
    this.#host = host;
    this.#template = template;
  }

  /** Its image. */
  async fetch(): Promise<void> {
    const { engine, settings } = this.#host;
    const template = this.#template;
    await this.#move('requested', 'creating', `image ${template.image} is looked for`, {});
    const { images } = this.#collaborators.situation;
    const fetched = await engine.fetchImage({
      image: template.image,
      policy: template.pull,
      timeoutMilliseconds: template.pullSeconds * 1000,
    });
    images.pullEnded(settings.name, template.image);
    const imageDigest = this.#engineSays(`image ${template.image}`, fetched);
    images.fetched(settings.name, template.image, imageDigest, this.#collaborators.clock.now());
    this.#note('creating', { imageDigest }, 'pulled');
  }

  /** Its Jenkins node; answers the node's secret. */
  async prepare(): Promise<string> {
    const { jenkins, policy } = this.#collaborators;
    const { id, node, labels } = this.#agent;
    const { settings } = this.#host;
    const template = this.#template;
    this.#stillIn('creating');
    const marker = { service: policy.service, agent: id, template: template.name };
    const description = nodeDescription({ ...marker, host: settings.name });
    const { remoteFs } = template;
    this.#jenkinsSays(
      'cannot make its Jenkins node',
      await jenkins.createNode({ name: node, description, labels, remoteFs }),
    );
    return this.#jenkinsSays('cannot read its secret', await jenkins.agentSecret(node));
  }

  /** Its container, with the secret in it, until it runs. */
  async launch(secret: string): Promise<void> {
    const { policy, tokens, reach } = this.#collaborators;
    const { id, node } = this.#agent;
    const { engine, settings } = this.#host;
    this.#stillIn('creating');
    const spec = containerSpec(this.#agent, this.#template, policy);
    const container = this.#engineSays('container', await engine.create(spec));
    this.#note('creating', { container }, 'created');
    // Not awaited: what is lost makes a cache look older than it is, by an hour or so.
    noteCacheUses(this.#collaborators, settings.name, spec.caches).catch(this.#unsaved);
    const { serviceUrl } = reach(settings.name);
    const setupToken = tokens.issue(id, 'setup');
    this.#engineSays(
      'hand-over of its secret',
      await engine.handOver(container, starterFiles({ node, serviceUrl, setupToken, secret })),
    );
    this.#move('creating', 'starting', 'its container is made', {}).catch(this.#unsaved);
    this.#engineSays('start', await engine.start(container));
    const started = this.#collaborators.clock.now().toISOString();
    const phases = { ...this.#current().phases, started };
    await this.#move('starting', 'connecting', 'its container runs', { phases });
  }

  #current(): Agent {
    return this.#collaborators.agents.get(this.#agent.id) ?? this.#agent;
  }

  #stillIn(state: AgentState): void {
    if (this.#current().state !== state) throw new Overtaken();
  }

  async #move(
    from: AgentState,
    to: AgentState,
    cause: string,
    more: Partial<Agent>,
  ): Promise<void> {
    const { agents, clock } = this.#collaborators;
    this.#stillIn(from);
    await agents.change(this.#agent.id, (agent) =>
      agent?.state === from ? moved(agent, to, cause, clock.now(), more) : null,
    );
  }

  /** In memory at once; durable with the next step, or soon. */
  #note(state: AgentState, more: Partial<Agent>, phase: 'pulled' | 'created'): void {
    const { agents, clock } = this.#collaborators;
    const at = clock.now().toISOString();
    agents
      .change(this.#agent.id, (agent) =>
        agent === undefined
          ? null
          : { ...agent, ...more, phases: { ...agent.phases, [phase]: at } },
      )
      .catch(this.#unsaved);
    // Its container is noted even for one that was told to go: so it is found.
    this.#stillIn(state);
  }

  readonly #unsaved = (cause: unknown): void => {
    if (cause instanceof Overtaken) return;
    const { log } = this.#collaborators;
    log.error({ agent: this.#agent.id, err: cause }, 'cannot save a step of an agent');
  };

  #engineSays<T>(what: string, outcome: Outcome<T, EngineFailure>): T {
    if (outcome.ok) return outcome.value;
    const { failure } = outcome;
    const { name } = this.#host.settings;
    this.#collaborators.situation.hostFailed(name, failure);
    throw new Refused(
      `${what}: ${failure.reason} (host ${name})`,
      isAway(failure) ? 'nobody' : 'template',
    );
  }

  #jenkinsSays<T>(what: string, outcome: Outcome<T, JenkinsFailure>): T {
    if (outcome.ok) return outcome.value;
    const { failure } = outcome;
    // One that answers its queue and breaks on this would be asked again each second without a brake.
    const isGone = isJenkinsAway(failure) && failure.kind !== 'nonsense';
    throw new Refused(`${what}: ${failure.reason}`, isGone ? 'nobody' : 'template');
  }
}
