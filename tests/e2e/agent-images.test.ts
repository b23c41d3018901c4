import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readImageRecipes } from '../../node-agent/docker/image-recipes.ts';
import { docker } from '../fixtures/docker-agents.ts';
import { ENGINE, JAVA_IMAGE, needsEngine } from '../fixtures/docker-engine.ts';
import { imagesCommand as run } from '../fixtures/images-command.ts';
import { saidBy } from '../fixtures/said-by.ts';
import { testFolder } from '../fixtures/test-folder.ts';

t.setTimeout(240_000);

const PREFIX = 'gitbuilder-test-images';

t.test('the recipes of this project can be read', async (t) => {
  const recipes = await readImageRecipes('deploy/agents');
  t.ok(
    recipes.some(({ name }) => name === 'noble') && recipes.some(({ name }) => name === 'centos9'),
  );
  t.equal(new Set(recipes.map(({ digest }) => digest)).size, recipes.length);
  for (const { packages, files } of recipes) {
    t.ok(packages.some((name) => /^(openjdk|java)-\d+/.test(name)));
    t.same(
      files.map(({ name }) => name),
      ['Dockerfile'],
    );
  }
});

t.test(
  'builds, labels and names an image, and again only when its recipe changes',
  needsEngine(),
  async (t) => {
    const folder = testFolder(t);
    cpSync('deploy/agents/deb', join(folder, 'deb'), { recursive: true });
    const recipe = join(folder, 'deb/Dockerfile');
    const whole = readFileSync(recipe, 'utf8');
    // The real recipe, but for packages that would take minutes: what remains proves every step of it.
    writeFileSync(recipe, whole.replace(/BUILD_PACKAGES="[^"]*"/, 'BUILD_PACKAGES="jq"'));
    const images = `{ small: { recipe: deb, from: '${JAVA_IMAGE}', packages: [less] } }\n`;
    writeFileSync(join(folder, 'images.yaml'), images);
    const options = ['--recipes', folder, '--engine', ENGINE, '--prefix', PREFIX];
    t.match((await run('list', ...options)).printed, new RegExp(`${PREFIX}/small:latest +missing`));
    t.teardown(() => docker.getImage(`${PREFIX}/small`).remove({ force: true }));
    const built = await run('build', 'small', ...options, '--network', 'host', '--json');
    t.match(built.told, /Step 1\/\d+ : ARG FROM[^]*Setting up jq/);
    t.match(JSON.parse(built.printed), [{ name: 'small', outcome: 'built', digest: /^sha256:/ }]);
    const image = await docker.getImage(`${PREFIX}/small`).inspect();
    const [made] = await readImageRecipes(folder);
    t.match(image.Config.Labels, {
      'io.gitbuilder.image.distro': 'small',
      'io.gitbuilder.image.recipe': made?.digest ?? 'none',
      'org.opencontainers.image.base.name': JAVA_IMAGE,
    });
    const look =
      'id -un jenkins-build; stat -c %U /home/jenkins-build/build; locale -a; which less';
    const lines = (await saidBy(`${PREFIX}/small`, look)).split('\n');
    t.same(lines.slice(0, 2), ['jenkins-build', 'jenkins-build']);
    t.ok(lines.includes('en_US.utf8') && lines.includes('/usr/bin/less'), lines.join());
    t.match((await run('build', ...options)).printed, /unchanged/);
    writeFileSync(recipe, 'ARG FROM\nFROM ${FROM}\nARG PACKAGES\nRUN echo no more; exit 3\n');
    t.match((await run('list', '--json', ...options)).printed, /"state": "old"/);
    const failed = await run('build', ...options);
    t.match(failed.printed, /small:latest {2}failed: .*returned a non-zero code: 3/);
    t.match(failed.told, /no more/);
    process.exitCode = 0;
  },
);

t.test('names what it was asked for and cannot do', async (t) => {
  await t.rejects(
    run('build', 'vista', '--engine', 'unix:///nonexistent'),
    /no image vista; it has jammy/,
  );
  await t.rejects(run('list', '--engine', 'unix:///nonexistent/s'), {
    message: /ENOENT/,
    advice: /apt-get install docker\.io/,
  });
  await t.rejects(run('list', '--engine', 'tcp://x:2376'), /no socket of a Docker engine/);
  const folder = testFolder(t);
  writeFileSync(join(folder, 'images.yaml'), 'noble: { recipe: ../x, from: "a b", packages: [] }');
  await t.rejects(run('list', '--recipes', folder), /images\.yaml: .*noble/s);
});
