import { join } from 'node:path';
import { buildDeb, buildRpm } from './build-packages.ts';
import { DemoClient } from './demo-client.ts';
import type { DemoRepo } from './demo-client.ts';
import { makeProject } from './demo-project.ts';
import type { DemoServices } from './demo-services.ts';
import type { DemoStage } from './demo-stage.ts';
import { followEvents } from './follow-events.ts';
import { INSTALLERS, whyNot } from './install-packages.ts';
import type { Narrator } from './narrator.ts';

const PLATFORMS = 'bookworm,centos9';
const APT_PLACES = [
  ['sources', '/etc/apt/sources.list.d/hello.sources'],
  ['list', '/etc/apt/sources.list.d/hello.list (the same, in one line)'],
] as const;
const YUM_PLACES = [
  ['repo', '/etc/yum.repos.d/hello.repo (dnf) or /etc/zypp/repos.d/hello.repo (zypper)'],
] as const;

/** From a git repository to an installed package: everything that a build and its users do. */
export async function tellDemo({
  folder,
  services,
  narrator,
  signal,
}: DemoStage): Promise<readonly string[]> {
  const project = await narrator.step('a small project in a git repository', async (fact) => {
    const made = await makeProject(join(folder, 'project'), fact);
    fact(`${made.name}, ref ${made.ref}, sha1 ${made.sha1}`);
    return made;
  });
  const built = await narrator.step('its packages are built', async (fact) => {
    const packages = [
      await buildDeb(project, join(folder, 'build')),
      await buildRpm(project, join(folder, 'build')),
    ];
    for (const { file, bytes, by } of packages) fact(`${file}, ${bytes.length} bytes, by ${by}`);
    return packages;
  });
  const client = new DemoClient(services, project, signal);
  const node = await narrator.step('shaman hands out a storage node', async (fact) => {
    const url = await client.nextNode();
    fact(url);
    return url;
  });
  const events = await followEvents(services.shaman, project.name, signal);
  const repos = await narrator.step('the packages are uploaded there', async (fact) => {
    const uploaded: DemoRepo[] = [];
    for (const each of built) {
      await client.reportBuild(each, 'started');
      uploaded.push(await client.upload(node, each));
      await client.reportBuild(each, 'completed');
      fact(`${each.file} for ${each.distro}/${each.version}`);
    }
    return uploaded;
  });
  await narrator.step('their repositories are published, signed', async (fact) => {
    await Promise.all(repos.map((repo) => client.update(repo)));
    const answer = await client.isBuilt(PLATFORMS);
    if (!/^built yes$/m.test(answer)) throw new Error(`they are not ready:\n${answer}`);
    for (const line of await events.untilReady(repos.length)) fact(line);
  });
  await narrator.step(`"Is ${project.sha1.slice(0, 12)} built for ${PLATFORMS}?"`, async (fact) => {
    fact(await client.isBuilt(PLATFORMS));
  });
  await narrator.step(`"What is the latest main for ${PLATFORMS}?"`, async (fact) => {
    fact(await client.latest(PLATFORMS));
  });
  for (const repo of repos) await showSourceLists(narrator, client, repo);
  const skipped: string[] = [];
  for (const installer of INSTALLERS) {
    const repo = repos.find(({ distro }) => distro === installer.distro);
    const reason = await whyNot(installer);
    if (repo === undefined || reason !== null) {
      skipped.push(`${installer.name} is skipped: ${reason ?? 'nothing is built for it'}`);
      continue;
    }
    await narrator.step(`${installer.name} installs it and it runs`, async (fact) => {
      const { text } = await client.sourceList(repo, installer.format);
      const said = await installer.install(join(folder, installer.name), text, signal);
      if (!said.includes(project.sha1.slice(0, 12))) {
        throw new Error(`the installed program is not the one that was built: it says ${said}`);
      }
      fact(said);
    });
  }
  narrator.say();
  for (const line of skipped) narrator.say(line);
  return whereItIs(services);
}

/** Where to look at the project, once it is published. */
export function whereItIs({ shaman, nodes }: DemoServices): readonly string[] {
  const pages = nodes.map((node) => `${node}r/hello/main/`);
  return [`${shaman}api/search/?project=hello`, ...pages];
}

async function showSourceLists(
  narrator: Narrator,
  client: DemoClient,
  repo: DemoRepo,
): Promise<void> {
  for (const [format, place] of repo.distro === 'debian' ? APT_PLACES : YUM_PLACES) {
    await narrator.step(`what its users put into ${place}`, async (fact) => {
      const { url, text } = await client.sourceList(repo, format);
      fact(`from ${url}\n\n${text}`);
    });
  }
}
