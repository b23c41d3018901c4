import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readImageRecipes } from '../../node-agent/docker/image-recipes.ts';
import {
  containersOf,
  docker,
  startDockerAgents,
  startDockerJenkins,
} from '../fixtures/docker-agents.ts';
import { ENGINE, needsEngine } from '../fixtures/docker-engine.ts';
import { ended } from '../fixtures/image-registry.ts';
import { imagesCommand } from '../fixtures/images-command.ts';
import { saidBy } from '../fixtures/said-by.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';

t.setTimeout(280_000);

const PREFIX = 'gitbuilder-test-rpm';
const EL = 'gitbuilder-test/el:latest';
/** What the recipe has to bring. */
const BROUGHT = ['java', 'curl', 'jq', 'sudo', 'xz', 'zstd', 'createrepo_c'];

const needed = () => {
  const engine = needsEngine();
  return engine.skip === false ? needs(['javac', 'default-jdk-headless']) : engine;
};

/** An image in which the recipe's commands run as in CentOS; see its Dockerfile. */
async function makeEl(): Promise<void> {
  const context = 'tests/fixtures/el-image';
  const building = await docker.buildImage(
    { context, src: ['Dockerfile', 'packages', 'pack-rpms'] },
    { t: EL, networkmode: 'host', forcerm: true },
  );
  await ended(building);
}

t.test('every image of the rpm recipe is built, and an agent of it serves', needed(), async (t) => {
  await makeEl();
  t.same(
    (await saidBy(EL, `command -v ${BROUGHT.join(' ')}; rpm -qa`)).trim(),
    'curl-minimal-1-1.x86_64',
  );
  const folder = testFolder(t);
  cpSync('deploy/agents', folder, { recursive: true });
  const images = readFileSync(join(folder, 'images.yaml'), 'utf8');
  writeFileSync(
    join(folder, 'images.yaml'),
    images.replace(/from: 'quay\.io[^']*'/g, `from: '${EL}'`),
  );
  const recipes = (await readImageRecipes(folder)).filter(({ from }) => from === EL);
  t.match(recipes, [
    { name: 'centos9' },
    { name: 'centos10' },
    { name: 'rocky9' },
    { name: 'rocky10' },
  ]);
  const names = recipes.map(({ name }) => name);
  t.teardown(async () => {
    // One by one: of two that have layers in common, the engine fails the one whose parent the other took away.
    for (const name of names) await docker.getImage(`${PREFIX}/${name}`).remove({ force: true });
  });
  const options = ['--recipes', folder, '--engine', ENGINE, '--prefix', PREFIX];
  const built = await imagesCommand('build', ...names, ...options, '--json');
  t.match(
    JSON.parse(built.printed),
    names.map((name) => ({ name, outcome: 'built' })),
    built.told,
  );
  for (const { name, digest } of recipes) {
    const { Config } = await docker.getImage(`${PREFIX}/${name}`).inspect();
    t.match(Config.Labels, {
      'io.gitbuilder.image.distro': name,
      'io.gitbuilder.image.recipe': digest,
      'org.opencontainers.image.base.name': EL,
    });
  }
  await hasWhatBuildsBeginWith(t, `${PREFIX}/centos9`);
  await serves(t, `${PREFIX}/rocky10:latest`);
});

async function hasWhatBuildsBeginWith(t: Test, image: string): Promise<void> {
  const look = [
    'id -un jenkins-build',
    'stat -c %U /home/jenkins-build/build',
    'grep -c ^jenkins-build: /etc/subuid /etc/subgid',
    'echo $LANG $(locale charmap)',
    'java -version 2>&1 | head -n 1; curl --version | head -n 1; sudo -u jenkins-build id -un',
    'rpm -qa | wc -l; rpm -q curl-minimal',
  ].join('; ');
  const lines = (await saidBy(image, look)).trim().split('\n');
  t.match(lines, [
    ...['jenkins-build', 'jenkins-build', '/etc/subuid:1', '/etc/subgid:1', 'en_US.UTF-8 UTF-8'],
    ...[/^openjdk version/, /^curl 7/, 'jenkins-build'],
    ...[/^2\d$/, 'package curl-minimal is not installed'],
  ]);
}

async function serves(t: Test, image: string): Promise<void> {
  const name = 'e2e-rpm';
  const jenkins = await startDockerJenkins(t);
  const provision = '{ user: { name: jenkins-build }, locale: en_US.UTF-8, packages: [cmake] }';
  const service = await startDockerAgents(t, jenkins, {
    service: name,
    others: `el: { image: '${image}', pull: never, labels: [el], remoteFs: /home/jenkins-build/build, provision: ${provision} }`,
  });
  jenkins.enqueue({ name: 'hello', label: 'el', body: { kind: 'hold' } });
  const state = async (wanted: string) =>
    (await service.agents()).find(({ state }) => state === wanted);
  const busy = await service.until(() => state('draining'));
  t.match(busy.phases, { connected: /Z$/ });
  const [container] = await containersOf(name);
  const running: unknown = await docker
    .getContainer(container?.Id ?? '')
    .top({ ps_args: '-eo pid,uid,args' });
  const uid = (await saidBy(image, 'id -u jenkins-build')).trim();
  t.match(
    JSON.stringify(running),
    new RegExp(`"${uid}","java .*agent\\.jar .*-workDir /home/jenkins-build/build`),
  );
  t.match(await service.text(`api/v1/agents/${busy.id}/logs`), /installing cmake/);
  const build = jenkins.lastBuild('hello');
  if (build === undefined) throw new Error('no build');
  jenkins.finish(build);
  await service.until(async () => (await state('draining')) === undefined);
  t.equal(build.result, 'SUCCESS');
}
