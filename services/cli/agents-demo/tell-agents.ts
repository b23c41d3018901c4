import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkoutFolder } from '../checkout-folder.ts';
import type { DemoStage } from '../demo/demo-stage.ts';
import { agentImage } from './agent-image.ts';
import { hasAllPhases, phaseTable } from './agent-phases.ts';
import { agentTemplate, ANCHOR, startDemoAgents } from './agent-service.ts';
import type { DemoAgents } from './agent-service.ts';
import type { FoundEngine } from './find-engine.ts';
import { failureOf } from './failed-agent.ts';
import { FollowedAgents } from './follow-agents.ts';
import { StandInJenkins } from './stand-in-jenkins.ts';
import type { StandInJob } from './stand-in-jenkins.ts';

/** Long enough to be seen running by who reads the controller each second. */
const SCRIPT =
  'echo "hello from $(uname -n), in a container with $(uname -s) $(uname -r)"; sleep 5';
const BODY = { kind: 'script', text: SCRIPT } as const;
const LABELS = ['docker', 'quick'];
/** How each of them asks for its agent. */
const JOBS = [
  { name: 'demanded', blocks: [{ label: 'docker && quick', body: BODY }] },
  { name: 'queued', blocks: [{ label: 'docker', body: BODY }] },
  { name: 'freestyle', label: 'quick || slow', body: BODY },
] as const satisfies readonly StandInJob[];
const PATIENCE_MILLISECONDS = 90_000;

/** Builds wait, agents are made for them in Docker, run them and are gone: each phase with its time. */
export async function tellAgents(stage: DemoStage): Promise<readonly string[]> {
  const { narrator, services, signal, cleanUp, engine: found } = stage;
  if (found === null) throw new Error('demo --agents needs a Docker engine');
  const folder = join(stage.folder, 'agents');
  await mkdir(folder, { recursive: true });
  const image = await narrator.step('an image for agents', (fact) =>
    agentImage(found.engine, stage.image, cleanUp, fact),
  );
  const jenkins = await narrator.step(
    'a controller starts: no Jenkins, but a stand-in for one',
    async (fact) => {
      const started = await StandInJenkins.start(folder, found.gateway, image.runs, JOBS);
      cleanUp.add(() => started.stop());
      fact(`${started.url} answers as a live Jenkins 2.462.3 did when that was recorded`);
      fact(
        `agents connect with ${image.runs === 'jar' ? 'a small jar' : 'a shell script'} in place of its agent.jar`,
      );
      return started;
    },
  );
  const agents = await narrator.step('the agent service starts', async (fact) => {
    const templates = { demo: await agentTemplate(image, LABELS) };
    const started = await startDemoAgents(folder, found, jenkins, services, templates);
    // Without their service, nobody makes others while these go.
    cleanUp.add(() => removeContainers(found));
    cleanUp.add(() => started.stop());
    fact(`${started.url}, configured by ${started.configuration}`);
    fact(`its containers have the label io.gitbuilder.agent.service=${found.engine.service}`);
    return started;
  });
  const followed = await FollowedAgents.follow(
    agents.url,
    (line) => narrator.say(`    ${line}`),
    signal,
  );
  await narrator.step('three builds want agents; times are UTC', async (fact) => {
    const [demanded, queued, freestyle] = JOBS;
    await agents.demand(demanded.blocks[0].label, jenkins.buildUrl(demanded.name, 1));
    fact(`${demanded.name} #1 for "${demanded.blocks[0].label}", by a demand as onAgent posts it`);
    fact(`${queued.name} #1 for "${queued.blocks[0].label}", which is seen in Jenkins' queue`);
    fact(`${freestyle.name} #1 for "${freestyle.label}", the same`);
    for (const { name } of JOBS) await jenkins.startBuild(name);
    await untilGone(followed, agents, found, signal);
  });
  await narrator.step('what the builds said', async (fact) => {
    for (const { name } of JOBS) {
      const result = await jenkins.result(name, 1);
      if (result !== 'SUCCESS') throw new Error(`${name} #1 ended as ${result ?? 'nothing yet'}`);
      fact(`${name} #1: ${/^hello from .*$/m.exec(await jenkins.log(name, 1))?.[0] ?? 'nothing'}`);
    }
  });
  await narrator.step('what is left of it', async (fact) => {
    fact(phaseTable(followed.all()));
    const containers = await found.engine.containers();
    const nodes = (await jenkins.nodes()).filter((name) => name !== ANCHOR);
    fact(`containers left: ${containers.length}`);
    fact(`nodes left: ${nodes.length}`);
    const left = [...containers, ...nodes];
    if (left.length > 0) throw new Error(`this was left behind: ${left.join(', ')}`);
  });
  const command = `node ${join(checkoutFolder(), 'services/cli/launch.mjs')}`;
  return [
    `${command} agents list --history --agents ${agents.url}`,
    `curl -K ${await jenkins.curlFile(folder, 'queued')}   # one more build, whose agent is told here`,
    `${agents.url}metrics, ${agents.url}api/v1/queue`,
  ];
}

/** Until each build had an agent of its own, and all are gone. */
async function untilGone(
  followed: FollowedAgents,
  agents: DemoAgents,
  { gateway }: FoundEngine,
  signal: AbortSignal,
): Promise<void> {
  const isOver = () =>
    followed.failed() !== null ||
    followed.all().filter(({ state }) => state === 'gone').length >= JOBS.length;
  await followed.until(isOver, PATIENCE_MILLISECONDS);
  signal.throwIfAborted();
  if (followed.failed() !== null) throw await failureOf(agents, followed, gateway);
  const [unused] = followed.all().filter((agent) => !hasAllPhases(agent));
  if (unused !== undefined) throw new Error(`the agent ${unused.node} ran no build`);
  if (followed.all().length > JOBS.length) {
    throw new Error(`${followed.all().length} agents were made for ${JOBS.length} builds`);
  }
}

async function removeContainers({ engine }: FoundEngine): Promise<void> {
  await engine.removeContainers();
}
