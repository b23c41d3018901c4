import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import t from 'tap';
import { z } from 'zod';
import { parseConfiguration } from '../../services/platform/configuration.ts';
import { gitbuilder } from '../../jenkins-shared-lib/catalogue/gitbuilder.ts';
import { runTool } from '../../services/cli/demo/run-tool.ts';
import { GITBUILDER } from '../fixtures/gitbuilder.ts';
import { GROOVY, runGroovy } from '../fixtures/groovy.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND = [process.execPath, ...GITBUILDER].join(' ');

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
  const prepare = (library = 'https://git.example.org/gitbuilder.git') =>
    runTool(['sh', join(folder, 'prepare'), 'build.example.org', library], {
      cwd: CHECKOUT,
      env: { GITBUILDER: COMMAND },
    });
  t.match(await prepare('/srv/checkout'), { status: 1, output: /which is no folder/ });
  t.match(await prepare(), { status: 0 });
  const secret = (name: string) => readFileSync(join(folder, 'secrets', name), 'utf8');
  const agents = () =>
    parseConfiguration(secret('agents.yaml'), join(folder, 'secrets/agents.yaml')).agents;
  t.equal(agents().jenkins, undefined, 'without a token it stands by');
  const before = secret('jenkins.key');
  writeFileSync(join(folder, 'secrets/jenkins.token'), '11aa\n');
  t.match(await prepare(), { status: 0 });
  t.match(agents().jenkins, { user: 'agents', tokenFile: '/run/secrets/jenkins_token' });
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
  for (const [, name = ''] of casc.matchAll(/\$\{([a-z_]+)\}/g)) t.ok(secrets.includes(name), name);
  // Not readFile, which keeps the end of line: a key with one is refused.
  t.notMatch(casc, /password: (?!'\$\{[a-z_]+\}'$)/m, 'no password stands in it');
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
});

t.test('plugins have versions, or the image is not built', async (t) => {
  const folder = testFolder(t);
  cpSync(join(CHECKOUT, 'deploy/jenkins'), folder, { recursive: true });
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const fake = (name: string, script: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}`, { mode: 0o755 });
  fake('jenkins-plugin-cli', 'echo "$@"; for list; do :; done; cat "$list"');
  const run = (...command: string[]) =>
    runTool(command, {
      cwd: folder,
      env: { PATH: `${bin}:${process.env.PATH ?? ''}`, TMPDIR: folder },
    });
  const install = (which: string) => run('sh', 'install-plugins', 'plugins.txt', which);
  const list = join(folder, 'plugins.txt');
  const lines = () =>
    readFileSync(list, 'utf8')
      .split('\n')
      .filter((line) => /^[a-z]/.test(line));
  const pinned = lines();
  t.strictSame(
    pinned.filter((line) => !/^[a-z][a-z0-9_-]*:[0-9][\w.-]*$/.test(line)),
    [],
  );

  t.match(await install('locked'), { status: 0, output: /^--latest false --plugin-file/ });
  const newest = await install('newest');
  t.match(newest, { status: 0, output: /^--plugin-file \S+\nworkflow-aggregator\n|^git$/m });
  t.notMatch(newest.output, /^[a-z-]+:/m, 'no version');
  t.match(newest.output, /^matrix-auth$/m);
  t.notMatch(newest.output, /^workflow-cps$/m, 'what the named ones need comes by itself');

  writeFileSync(list, readFileSync(list, 'utf8').replace(/^git:.*$/m, 'git'));
  t.match(await install('locked'), {
    status: 1,
    output: /no version is named of: git\nWrite the versions down with .*lock-plugins/,
  });

  fake(
    'docker',
    `if [ "$1" = build ]; then echo "$@" >&2; exit; fi
     printf '%s\\n' 'Installed plugins:' ${pinned.map((line) => `'${line.replace(/:.*/, '')} 9.v1_a'`).join(' ')} 'structs 7' ''`,
  );
  const locked = await run('sh', 'lock-plugins');
  t.match(locked, { status: 0, output: /--build-arg PLUGINS=newest/ });
  t.strictSame(
    lines().slice(0, 7),
    pinned.slice(0, 7).map((line) => line.replace(/:.*/, ':9.v1_a')),
  );
  t.strictSame(
    [...lines()].sort(),
    [...pinned.map((line) => line.replace(/:.*/, ':9.v1_a')), 'structs:7'].sort(),
  );
  t.match(readFileSync(list, 'utf8'), /^# What the shared library needs/m, 'comments stay');
  t.match(await install('locked'), { status: 0 });
  fake('docker', 'exit 0');
  t.match(await run('sh', 'lock-plugins'), { status: 1, output: /told of no plugins/ });
  t.ok(lines().includes('structs:7'), 'nothing is written');
});

/** What Job DSL's contexts take, of what the job uses; from its sources. */
const JOB_DSL = {
  top: { pipelineJob: ['String', 'Closure:job'] },
  job: {
    description: ['String'],
    logRotator: ['Closure:logRotator'],
    parameters: ['Closure:parameters'],
    definition: ['Closure:definition'],
  },
  logRotator: { daysToKeep: ['Integer'], numToKeep: ['Integer'] },
  parameters: {
    stringParam: ['String', 'String', 'String'],
    booleanParam: ['String', 'Boolean', 'String'],
  },
  definition: { cpsScm: ['Closure:cpsScm'] },
  cpsScm: { scm: ['Closure:scm'], scriptPath: ['String'], lightweight: ['Boolean'] },
  scm: { git: ['Closure:git'] },
  git: { remote: ['Closure:remote'], branch: ['String'] },
  remote: { url: ['String'] },
} as const;

/** Runs a Job DSL script as its plugin does, a delegate for each closure, and prints what it asked for as JSON. */
const JOB_DSL_RECORDER = `
import groovy.json.*
class Recorder {
  Map dsl; String context; Map made = [:].withDefault { [] }
  def invokeMethod(String name, Object given) {
    List takes = dsl[context][name]
    if (takes == null) throw new MissingMethodException(name, Recorder, given as Object[])
    List args = given as List
    List types = args.collect { it instanceof Closure ? 'Closure' : it.getClass().simpleName }
    if (types != takes.collect { it.replaceAll(/:.*/, '') }) throw new IllegalArgumentException("\${name}: \${types}, not \${takes}")
    List kept = args.withIndex().collect { arg, at ->
      if (!(arg instanceof Closure)) return arg
      Recorder inner = new Recorder(dsl: dsl, context: takes[at].split(':')[1])
      arg.delegate = inner; arg.resolveStrategy = Closure.DELEGATE_FIRST
      arg.call()
      inner.made
    }
    made[name] << (kept.size() == 1 ? kept[0] : kept)
  }
}
abstract class JobScript extends Script {
  def invokeMethod(String name, Object args) { binding.recorder.invokeMethod(name, args) }
}
def configuration = new org.codehaus.groovy.control.CompilerConfiguration(scriptBaseClass: 'JobScript')
def recorder = new Recorder(dsl: new JsonSlurper().parse(new File(args[0])), context: 'top')
new GroovyShell(this.class.classLoader, new Binding(recorder: recorder), configuration).evaluate(new File(args[1]))
print JsonOutput.toJson(recorder.made)
`;

t.test('the job asks for what the pipeline takes', needs(...GROOVY), async (t) => {
  const folder = testFolder(t);
  const job = join(CHECKOUT, 'deploy/jenkins/jobs/gitbuilder.groovy');
  writeFileSync(join(folder, 'dsl.json'), JSON.stringify(JOB_DSL));
  const printed = await runGroovy(folder, JOB_DSL_RECORDER, {
    args: [join(folder, 'dsl.json'), job],
    env: { LIBRARY_REPOSITORY: 'https://git.example.org/gitbuilder.git', LIBRARY_VERSION: 'v1' },
  });
  const made = MadeJob.parse(JSON.parse(printed));
  const [[name, facts]] = made.pipelineJob;
  t.equal(name, 'gitbuilder');
  const git = { remote: [{ url: ['https://git.example.org/gitbuilder.git'] }], branch: ['v1'] };
  t.match(facts.definition, [
    { cpsScm: [{ scm: [{ git: [git] }], scriptPath: ['Jenkinsfile'], lightweight: [true] }] },
  ]);
  const [{ stringParam, booleanParam }] = facts.parameters;
  t.strictSame(
    stringParam.map(([each, usual]) => [each, usual]),
    [
      ['BRANCH', 'main'],
      ...['SHA1', 'REPOSITORY', 'DISTROS', 'ARCHS', 'FLAVORS'].map((each) => [each, '']),
    ],
  );
  t.strictSame(
    booleanParam.map(([each, usual]) => [each, usual]),
    ['FORCE', 'THROWAWAY', 'RELEASE'].map((each) => [each, false]),
  );
  for (const [each] of [...stringParam, ...booleanParam]) {
    t.match(read('docs/pipeline.md'), new RegExp(`^\\| [^|]*\\b${each}\\b`, 'm'), each);
    t.match(gitbuilder.details.join(' '), new RegExp(`\\b${each}\\b`), each);
  }
});

const MadeJob = z.object({
  pipelineJob: z.tuple([
    z.tuple([
      z.string(),
      z.object({
        definition: z.unknown(),
        parameters: z.tuple([
          z.object({
            stringParam: z.array(z.tuple([z.string(), z.string(), z.string()])),
            booleanParam: z.array(z.tuple([z.string(), z.boolean(), z.string()])),
          }),
        ]),
      }),
    ]),
  ]),
});
