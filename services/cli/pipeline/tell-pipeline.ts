import { readFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkoutFolder } from '../checkout-folder.ts';
import type { DemoServices } from '../demo/demo-services.ts';
import type { DemoStage } from '../demo/demo-stage.ts';
import { INSTALLERS, whyNot } from '../demo/install-packages.ts';
import type { Narrator } from '../demo/narrator.ts';
import { hasTool } from '../demo/run-tool.ts';
import { whereItIs } from '../demo/tell-demo.ts';
import { DockerAgents } from './docker-agents.ts';
import type { BuildEnd, BuildOrder } from './engine-build.ts';
import { GroovyEngine } from './groovy-engine.ts';
import { toolsElsewhere } from './machine-image.ts';
import { makePipelineProject } from './pipeline-project.ts';
import type { PipelineProject } from './pipeline-project.ts';

const NEEDED = ['git', 'curl', 'java', 'mvn', 'flock'];
const PLATFORMS = [
  { name: 'bookworm', distro: 'debian', tools: ['dpkg-buildpackage', 'make'] },
  { name: 'centos9', distro: 'centos', tools: ['rpmbuild'] },
] as const;

/** From a commit to installed packages by the Jenkinsfile of this checkout, under Jenkins' own CPS engine. */
export async function tellPipeline(stage: DemoStage): Promise<readonly string[]> {
  const { folder, services, narrator, signal } = stage;
  const missing = NEEDED.filter((tool) => !hasTool(tool));
  if (missing.length > 0) {
    throw new Error(`demo --pipeline needs ${missing.join(', ')} (apt-get install git curl maven)`);
  }
  const platforms = PLATFORMS.filter(({ tools }) => tools.every(hasTool));
  if (platforms.length === 0) {
    throw new Error('demo --pipeline needs dpkg-buildpackage with make, or rpmbuild');
  }
  const project = await narrator.step('a project with rules and a Jenkinsfile', async (fact) => {
    const distros = platforms.map(({ name }) => name).join(' ');
    const rules = { project: 'hello', defaults: { distros, archs: 'x86_64' } };
    const made = await makePipelineProject(join(folder, 'repository'), rules);
    fact(`gitbuilder.json: ${JSON.stringify(rules)}`);
    fact(`sha1 ${made.sha1}`);
    return made;
  });
  const engine = await narrator.step("Jenkins' own CPS engine starts, outside Jenkins", (fact) => {
    fact('the first time, Maven fetches it');
    return GroovyEngine.start();
  });
  const stop = (): void => void engine.stop();
  signal.addEventListener('abort', stop);
  try {
    const shared = join(folder, 'jenkins');
    await mkdir(shared, { recursive: true });
    const names = platforms.map(({ name }) => name);
    const agents = await startAgents(stage, shared, names);
    const log = await narrator.step('the Jenkinsfile runs: gitbuilder()', (fact) =>
      runJenkinsfile(engine, project, shared, services, agents, fact),
    );
    if (agents !== null) {
      await narrator.step('its agents are gone', (fact) => agents.untilGone(fact));
    }
    await install(folder, platforms, project, log, narrator, signal);
    return whereItIs(services);
  } finally {
    signal.removeEventListener('abort', stop);
    await engine.stop();
  }
}

/** Why agents of the pipeline cannot be containers here, an engine apart; null when they can. */
async function whyNotInDocker(): Promise<string | null> {
  if (!hasTool('docker')) return 'the command docker is not installed (package docker-cli)';
  const tools = [...NEEDED, ...PLATFORMS.flatMap(({ tools }) => tools)].filter(hasTool);
  const elsewhere = await toolsElsewhere(tools);
  return elsewhere.length === 0 ? null : `containers would not see ${elsewhere.join(', ')}`;
}

/** Containers where there is an engine; null for folders of this machine. */
async function startAgents(
  stage: DemoStage,
  shared: string,
  platforms: readonly string[],
): Promise<DockerAgents | null> {
  const { narrator, engine } = stage;
  if (engine === null) return null;
  return narrator.step('what makes agents starts', async (fact) => {
    const reason = await whyNotInDocker();
    if (reason === null) return DockerAgents.start(stage, engine, shared, platforms, fact);
    fact(`nothing: agents are folders of this machine, because ${reason}`);
    return null;
  });
}

/** Runs it as a job with the project's repository would; answers its log. */
async function runJenkinsfile(
  engine: GroovyEngine,
  project: PipelineProject,
  folder: string,
  services: DemoServices,
  agents: DockerAgents | null,
  fact: (text: string) => void,
): Promise<string> {
  const build = engine.run({
    script: await readFile(join(checkoutFolder(), 'Jenkinsfile'), 'utf8'),
    folder,
    scm: { url: project.folder, branch: 'main' },
    // As a library of the controller: the Jenkinsfile is in the sandbox, and what it calls is not.
    sandbox: 'script',
    credentials: { gitbuilder: credentialsOf(services) },
    ...agents?.order,
    env: {
      ...agents?.order.env,
      GITBUILDER_SHAMAN: services.shaman,
      JOB_NAME: 'hello',
      // Whether this machine has all of build-essential is not what the demo is about.
      DPKG_BUILDPACKAGE_OPTIONS: '-d',
    },
  });
  agents?.serve(build);
  build.watch((event) => {
    if (event.event === 'agent') fact(`${event.branch} agent for "${event.label}"`.trim());
    if (
      event.event === 'log' &&
      /gitbuilder: |uploaded|upload.*files|(^|\] )built on /.test(event.text)
    ) {
      fact(event.text);
    }
  });
  const failed = agents?.untilFailed();
  // After the end of the build, nobody asks.
  failed?.catch(() => undefined);
  const end: BuildEnd = await Promise.race(
    failed === undefined ? [build.ended] : [build.ended, failed],
  );
  const log = build.log.join('\n');
  if (end.result !== 'SUCCESS') throw new Error(`the build ended as ${end.result}:\n${log}`);
  fact(`\nthe description of the build:\n${end.description ?? ''}`);
  fact(`\n${end.saves} times the whole program was saved and read back on the way`);
  return log;
}

/** The admin of the demo, as a credential that Jenkins would keep. */
function credentialsOf({
  authorization,
}: DemoServices): NonNullable<BuildOrder['credentials']>[string] {
  const pair = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
  const colon = pair.indexOf(':');
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

/** With the lines that the build told people to type. */
async function install(
  folder: string,
  platforms: readonly (typeof PLATFORMS)[number][],
  { sha1 }: PipelineProject,
  log: string,
  narrator: Narrator,
  signal: AbortSignal,
): Promise<void> {
  const skipped: string[] = [];
  let installed = 0;
  for (const installer of INSTALLERS) {
    const reason = platforms.some(({ distro }) => distro === installer.distro)
      ? await whyNot(installer)
      : 'nothing was built for it';
    if (reason !== null) {
      skipped.push(`${installer.name} is skipped: ${reason}`);
      continue;
    }
    await narrator.step(`${installer.name} installs what the pipeline made`, async (fact) => {
      const place = installer.format === 'repo' ? 'yum.repos.d' : 'sources.list.d';
      const url = new RegExp(`curl -fsSL -o /etc/\\S*${place}\\S* '(\\S+)'`).exec(log)?.[1];
      if (url === undefined) throw new Error(`the build told nobody how to install:\n${log}`);
      const text = await (await fetch(url, { signal })).text();
      const said = await installer.install(
        join(folder, `pipeline-${installer.name}`),
        text,
        signal,
      );
      if (!said.includes(sha1))
        throw new Error(`the program is not the one that was built: ${said}`);
      fact(said);
      installed += 1;
    });
  }
  for (const line of skipped) narrator.say(line);
  if (installed === 0) throw new Error('no package manager is here to install it with');
}
