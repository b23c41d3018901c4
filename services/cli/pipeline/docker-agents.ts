import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { agentTemplate, ANCHOR, startDemoAgents } from '../agents-demo/agent-service.ts';
import type { DemoAgents } from '../agents-demo/agent-service.ts';
import { phaseTable } from '../agents-demo/agent-phases.ts';
import type { FoundEngine } from '../agents-demo/find-engine.ts';
import { failureOf } from '../agents-demo/failed-agent.ts';
import { FollowedAgents } from '../agents-demo/follow-agents.ts';
import { StandInJenkins } from '../agents-demo/stand-in-jenkins.ts';
import type { DemoStage } from '../demo/demo-stage.ts';
import type { BuildOrder, EngineBuild } from './engine-build.ts';
import { machineFolders, machineRoot, whoWeAre } from './machine-image.ts';

const IMAGE = 'gitbuilder-demo/machine';
const JOB = 'hello';
const PATIENCE_MILLISECONDS = 60_000;

/**
 * Agents for a build under the CPS engine: each `node` waits in the stand-in's queue, the agent service makes a
 * container for it, and `sh` runs there by `docker exec`. The workspace is a folder that both sides see.
 */
export class DockerAgents {
  readonly #found: FoundEngine;
  readonly #jenkins: StandInJenkins;
  readonly #agents: DemoAgents;
  readonly #followed: FollowedAgents;

  private constructor(
    found: FoundEngine,
    jenkins: StandInJenkins,
    agents: DemoAgents,
    followed: FollowedAgents,
  ) {
    this.#found = found;
    this.#jenkins = jenkins;
    this.#agents = agents;
    this.#followed = followed;
  }

  /** Starts what makes them; `shared` is the folder with the workspaces of the build. */
  static async start(
    { folder, services, cleanUp, signal }: DemoStage,
    { engine: theirs, version, gateway }: FoundEngine,
    shared: string,
    platforms: readonly string[],
    fact: (text: string) => void,
  ): Promise<DockerAgents> {
    const own = join(folder, 'pipeline-agents');
    await mkdir(own, { recursive: true });
    // Beside the agents of another story, which may still be served.
    const engine = theirs.of(`${theirs.service}-pipeline`);
    cleanUp.add(() => Promise.resolve(engine.close()));
    const found = { engine, version, gateway };
    const name = `${IMAGE}:${engine.service}`;
    cleanUp.add(() => engine.removeImage(name));
    await engine.importImage(IMAGE, engine.service, await machineRoot());
    fact(
      `${name}: its containers see this machine's programs, read-only, so that no registry is needed`,
    );
    const jenkins = await StandInJenkins.start(own, gateway, 'jar', [{ name: JOB, blocks: [] }]);
    cleanUp.add(() => jenkins.stop());
    fact(`the controller, a stand-in: ${jenkins.url}`);
    const { uid, gid } = whoWeAre();
    const seen = machineFolders().map((path) => ({ bind: path, target: path, readOnly: true }));
    const more = {
      remoteFs: '/tmp/agent',
      user: `${uid}:${gid}`,
      mounts: [...seen, { bind: shared, target: shared }],
    };
    const templateFor = async (...labels: string[]) => ({
      ...(await agentTemplate({ name, runs: 'jar' }, labels)),
      ...more,
    });
    const templates: Record<string, object> = { source: await templateFor('source') };
    for (const platform of platforms) {
      templates[platform] = await templateFor(platform, 'x86_64');
    }
    const allow = [shared, ...machineFolders()].map((path) => `bind:${path}`);
    const agents = await startDemoAgents(own, found, jenkins, services, templates, allow);
    cleanUp.add(() => engine.removeContainers());
    cleanUp.add(() => agents.stop());
    fact(`the agent service: ${agents.url}`);
    fact(`its containers have the label io.gitbuilder.agent.service=${engine.service}`);
    const followed = await FollowedAgents.follow(agents.url, (line) => fact(line), signal);
    return new DockerAgents(found, jenkins, agents, followed);
  }

  /** What the order of a build says so that its agents are these. */
  get order(): Pick<BuildOrder, 'asksForAgents'> & { readonly env: Record<string, string> } {
    const env = { GITBUILDER_AGENTS: this.#agents.url, JENKINS_URL: this.#jenkins.url };
    return { asksForAgents: true, env };
  }

  /** Brings an agent for each `node` of a build, and takes it back. */
  serve(build: EngineBuild): void {
    const open = this.#jenkins.openBuild(JOB);
    const { uid, gid } = whoWeAre();
    const shell = ['docker', '--host', this.#found.engine.url, 'exec', '--user', `${uid}:${gid}`];
    const entered = new Map<string, string>();
    build.watch((event) => {
      if (event.event === 'wanted') {
        const id = String(event.execution);
        void open.enter(id, event.label).then((agent) => {
          entered.set(agent, id);
          build.giveAgent(event.execution, agent, shell);
        });
      }
      if (event.event === 'left') open.leave(entered.get(event.name) ?? '');
      if (event.event === 'end') open.end(event.result);
    });
  }

  /** Rejects when an agent fails, for then the next ones would. */
  async untilFailed(): Promise<never> {
    await this.#followed.until(() => this.#followed.failed() !== null, null);
    throw await failureOf(this.#agents, this.#followed, this.#found.gateway);
  }

  /** Until all are gone; tells their phases, and what is left, which must be nothing. */
  async untilGone(fact: (text: string) => void): Promise<void> {
    const isGone = () => this.#followed.all().every(({ state }) => state === 'gone');
    await this.#followed.until(isGone, PATIENCE_MILLISECONDS);
    fact(phaseTable(this.#followed.all()));
    const containers = await this.#found.engine.containers();
    const nodes = (await this.#jenkins.nodes()).filter((name) => name !== ANCHOR);
    fact(`containers left: ${containers.length}`);
    fact(`nodes left: ${nodes.length}`);
    const left = [...containers, ...nodes];
    if (left.length > 0) throw new Error(`this was left behind: ${left.join(', ')}`);
  }
}
