import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import t from 'tap';
import { z } from 'zod';
import { parseConfiguration } from '../../services/platform/configuration.ts';
import { gitbuilder } from '../../jenkins-shared-lib/catalogue/gitbuilder.ts';
import { testFolder } from '../fixtures/test-folder.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND = `${process.execPath} --import=tsx ${join(CHECKOUT, 'services/cli/gitbuilder.ts')}`;

const Compose = z.object({
  services: z.record(
    z.string(),
    z.looseObject({
      command: z.array(z.string()).optional(),
      volumes: z.array(z.string()),
      secrets: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.string()).optional(),
      depends_on: z.array(z.string()).optional(),
    }),
  ),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
  volumes: z.record(z.string(), z.null()),
});

const read = (path: string): string => readFileSync(join(CHECKOUT, path), 'utf8');

t.test('what is prepared is what the services and the compose file want', async (t) => {
  const folder = join(testFolder(t), 'deploy');
  cpSync(join(CHECKOUT, 'deploy'), folder, { recursive: true });
  // What somebody prepared in this checkout is not for tests.
  for (const name of ['secrets', '.env'])
    rmSync(join(folder, name), { recursive: true, force: true });
  const prepare = () =>
    execFileSync('sh', [join(folder, 'prepare'), 'build.example.org'], {
      cwd: CHECKOUT,
      env: { ...process.env, GITBUILDER: COMMAND },
      encoding: 'utf8',
    });
  prepare();
  const secret = (name: string) => readFileSync(join(folder, 'secrets', name), 'utf8');
  const before = secret('jenkins.key');
  prepare();
  t.equal(secret('jenkins.key'), before, 'what is there stays');

  for (const name of ['shaman', 'chacra', 'agents']) {
    const file = join(folder, 'secrets', `${name}.yaml`);
    const { users } = parseConfiguration(secret(`${name}.yaml`), file);
    t.match(
      users.map((user) => ({ name: user.name, scopes: user.scopes })),
      [
        { name: 'admin', scopes: ['admin'] },
        { name: 'jenkins', scopes: ['upload', 'agent'] },
        { name: 'node1', scopes: ['node'] },
      ],
      name,
    );
  }

  const compose = Compose.parse(load(read('deploy/compose.yaml')));
  const env = readFileSync(join(folder, '.env'), 'utf8');
  for (const [, variable = ''] of read('deploy/compose.yaml').matchAll(/\$\{(\w+):\?/g)) {
    t.match(env, new RegExp(`^${variable}=.`, 'm'));
  }
  for (const { file } of Object.values(compose.secrets)) t.ok(existsSync(join(folder, file)), file);
  for (const [name, service] of Object.entries(compose.services)) {
    for (const each of service.secrets ?? []) t.ok(each in compose.secrets, `${name}: ${each}`);
    for (const each of service.depends_on ?? []) t.ok(each in compose.services, `${name}: ${each}`);
    for (const each of service.volumes) {
      const [from = ''] = each.split(':');
      const isThere = from.startsWith('.')
        ? existsSync(join(folder, from))
        : from.startsWith('/') || from in compose.volumes;
      t.ok(isThere, `${name}: ${each}`);
    }
  }
});

t.test('the controller is set up from what it is given', async (t) => {
  const compose = Compose.parse(load(read('deploy/compose.yaml')));
  const casc = read('deploy/jenkins/jenkins.yaml');
  const { environment = {}, secrets = [] } = compose.services['jenkins'] ?? {};
  for (const [, name = ''] of casc.matchAll(/\$\{([A-Z_]+)\}/g)) t.ok(name in environment, name);
  for (const [, name = ''] of casc.matchAll(/\$\{SECRETS\}\/(\w+)/g))
    t.ok(secrets.includes(name), name);
  t.notMatch(casc, /password: (?!'\$\{readFile:)/, 'no password stands in it');
  t.match(load(casc), {
    jenkins: { numExecutors: 0, securityRealm: { local: { allowsSignup: false } } },
    unclassified: {
      globalLibraries: {
        libraries: [
          { name: 'gitbuilder', retriever: { modernSCM: { libraryPath: 'jenkins-shared-lib/' } } },
        ],
      },
    },
  });
  t.ok(existsSync(join(CHECKOUT, 'jenkins-shared-lib/vars')), 'the path of the library');
  t.match(read('Jenkinsfile'), /^@Library\('gitbuilder'\) _$/m);

  const page = read('docs/jenkins.md');
  const plugins: readonly string[] =
    read('deploy/jenkins/plugins.txt').match(/^[a-z][\w-]*/gm) ?? [];
  for (const name of ['workflow-aggregator', 'git', 'http_request', 'pipeline-utility-steps']) {
    t.ok(
      plugins.includes(name) && page.includes(`| ${name} |`),
      `${name} is installed and explained`,
    );
  }
  const job = read('deploy/jenkins/jobs/gitbuilder.groovy');
  const asked = [...job.matchAll(/(?:string|boolean)Param\('(\w+)'/g)].map(
    ([, name]) => name ?? '',
  );
  for (const name of asked) {
    t.match(read('docs/pipeline.md'), new RegExp(`^\\| [^|]*\\b${name}\\b`, 'm'), name);
    t.match(gitbuilder.details.join(' '), new RegExp(`\\b${name}\\b`), name);
  }
  t.match(asked, [
    'BRANCH',
    'SHA1',
    'REPOSITORY',
    'DISTROS',
    'ARCHS',
    'FLAVORS',
    'FORCE',
    'THROWAWAY',
    'RELEASE',
  ]);
});
