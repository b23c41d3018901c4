import { join } from 'node:path';
import { buildDeb, buildRpm } from './build-packages.ts';
import { DemoClient } from './demo-client.ts';
import type { DemoRepo } from './demo-client.ts';
import { makeProject } from './demo-project.ts';
import type { DemoServices } from './demo-services.ts';
import { followEvents } from './follow-events.ts';
import { INSTALLERS, whyNot } from './install-packages.ts';
import type { Narrator } from './narrator.ts';

const PLATFORMS = 'bookworm,centos9';

/** From a git repository to an installed package: everything that a build and its users do. */
export async function tellDemo(
  folder: string,
  services: DemoServices,
  narrator: Narrator,
): Promise<void> {
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
  const client = new DemoClient(services, project);
  const node = await narrator.step('shaman hands out a storage node', async (fact) => {
    const url = await client.nextNode();
    fact(url);
    return url;
  });
  const events = await followEvents(services.shaman, project.name);
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
    await client.isBuilt(PLATFORMS);
    for (const line of await events.untilReady(repos.length)) fact(line);
  });
  await narrator.step(`"Is ${project.sha1.slice(0, 12)} built for ${PLATFORMS}?"`, async (fact) => {
    fact(await client.isBuilt(PLATFORMS));
  });
  await narrator.step(`"What is the latest main for ${PLATFORMS}?"`, async (fact) => {
    fact(await client.latest(PLATFORMS));
  });
  for (const repo of repos) await showSourceList(narrator, client, repo);
  for (const installer of INSTALLERS) {
    const repo = repos.find(({ distro }) => distro === installer.distro);
    const reason = whyNot(installer);
    if (repo === undefined || reason !== null) {
      narrator.say(`\n    ${installer.name} is skipped: ${reason ?? 'nothing is built for it'}`);
      continue;
    }
    await narrator.step(`${installer.name} installs it and it runs`, async (fact) => {
      const list = await client.sourceList(repo, installer.format);
      fact((await installer.install(join(folder, installer.name), list)).trimEnd());
    });
  }
}

async function showSourceList(
  narrator: Narrator,
  client: DemoClient,
  repo: DemoRepo,
): Promise<void> {
  const format = repo.distro === 'debian' ? 'sources' : 'repo';
  const place =
    format === 'sources'
      ? '/etc/apt/sources.list.d/hello.sources'
      : '/etc/yum.repos.d/hello.repo (dnf) or /etc/zypp/repos.d/hello.repo (zypper)';
  await narrator.step(`what its users put into ${place}`, async (fact) => {
    fact(await client.sourceList(repo, format));
  });
}
