import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import type { BuildEnd, BuildOrder } from '../../services/cli/pipeline/engine-build.ts';
import { GroovyEngine } from '../../services/cli/pipeline/groovy-engine.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { JAVA } from '../fixtures/java.ts';

/** A library in the shape of Jenkins' own: a variable, a class behind it, a resource. */
const LIBRARY = {
  vars: {
    'greet.groovy': `
import groovy.transform.Field
import org.example.Greeter
@Field final Map STEP = [name: 'greet', greetings: ['hello', 'good bye']]
String call(Map args = [:]) { new Greeter(this).greet(STEP, args) }`,
  },
  src: {
    org: {
      example: {
        'Greeter.groovy': `package org.example
class Greeter implements Serializable {
  private final Object steps
  Greeter(Object steps) { this.steps = steps }
  String greet(Map step, Map args) {
    List<String> said = []
    for (greeting in step.greetings) {
      said << steps.sh(script: "printf '%s' '\${greeting}'; printf ' %s' \\"\\$WHO\\"", returnStdout: true)
    }
    return joined(said) + steps.libraryResource('org/example/end.txt').trim()
  }
  @NonCPS private String joined(List<String> said) { said.sort { a, b -> b <=> a }.join(', ') }
}`,
      },
    },
  },
  resources: { org: { example: { 'end.txt': '!\n' } } },
};

const START = { plain: 'none', trusted: 'script', sandboxed: 'all' } as const;

interface Case {
  readonly script: string;
  readonly says?: RegExp;
  readonly result?: BuildEnd['result'];
  readonly mismatch?: RegExp;
}

/** What works in Jenkins, and must work here. */
const WORKS: Readonly<Record<string, Case>> = {
  'a library with a variable, a class and a resource': {
    script: `
      def all = [:]
      for (name in ['ann', 'bob']) {
        String who = name
        all[who] = { node('any') { withEnv(["WHO=\${who}"]) { echo greet() } } }
      }
      parallel(all)`,
    says: /^\[ann\] hello ann, good bye ann!$[^]*^Finished: SUCCESS$/m,
  },
  'closures over collections with steps inside': {
    script: `
      [a: 1, b: 2].each { k, v -> echo "\${k}\${v}" }
      echo([1, 2].collect { echo 'x'; it * 2 }.join('+'))
      for (e in [c: 3].entrySet()) { echo "\${e.key}\${e.value}" }`,
    says: /^a1\nb2\nx\nx\n2\+4\nc3$/m,
  },
  'failures that are caught, retried, tolerated': {
    script: `
      try { error 'one' } catch (e) { echo "caught \${e.message}" } finally { echo 'finally' }
      int tries = 0
      retry(3) { tries++; if (tries < 3) { error 'again' } }
      catchError(buildResult: 'UNSTABLE', stageResult: 'FAILURE') { error 'two' }
      echo "\${tries} \${currentBuild.currentResult}"`,
    says: /^caught one\nfinally$[^]*^3 UNSTABLE$/m,
    result: 'UNSTABLE',
  },
  'every branch ends when one fails, and the failure arrives': {
    script: `parallel(a: { error 'broken' }, b: { sleep 1; echo 'went on' })`,
    says: /^Failed in branch a$[^]*^\[b\] went on$[^]*^ERROR: broken$/m,
    result: 'FAILURE',
  },
  'fail-fast stops the others': {
    script: `parallel(failFast: true, a: { sleep 1; error 'broken' }, b: { sleep 3600; echo 'went on' })`,
    says: /^Failed in branch b$[^]*^ERROR: broken$/m,
    result: 'FAILURE',
  },
  'a time-out interrupts, and is reported': {
    script: `
      try { timeout(time: 20, unit: 'MILLISECONDS') { node { sh 'sleep 3600' } } }
      catch (e) { echo e.getClass().simpleName + ' ' + e.causes[0].shortDescription }`,
    says: /^FlowInterruptedException Timeout has been exceeded$/m,
  },
  'status, output and environment of sh': {
    script: `node {
      withEnv(['A=it\\'s "$HOME" \\n & more', 'PATH+X=/x']) {
        echo sh(script: 'printf "[%s]" "$A"; echo "\${PATH%%:*}"', returnStdout: true)
      }
      echo "status \${sh(script: 'exit 7', returnStatus: true)}"
      sh 'exit 8'
    }`,
    says: /^\[it's "\$HOME" \n & more\]\/x$[^]*^status 7$[^]*^ERROR: script returned exit code 8$/m,
    result: 'FAILURE',
  },
  'files: written, found, stashed, archived': {
    script: `
      node { writeFile file: 'a/b.txt', text: 'x'; stash name: 's', includes: 'a/**' }
      node { unstash 's'; echo findFiles(glob: '**/*.txt')[0].path + readFile('a/b.txt'); archiveArtifacts 'a/*' }`,
    says: /^a\/b\.txtx$/m,
  },
  'parameters, description and JSON': {
    script: `
      properties([parameters([string(name: 'REF', defaultValue: 'main')])])
      currentBuild.description = writeJSON(json: readJSON(text: '{"a":[1,null]}'), returnText: true)
      echo "\${params.REF} \${REF} \${env.REF} \${currentBuild.description}"`,
    says: /^wip wip wip \{"a":\[1,null\]\}$/m,
  },
};

/** What Jenkins breaks on, and must break here. */
const FAILS: Readonly<Record<string, Case>> = {
  'a matcher kept across a step': {
    script: `def m = ('abc' =~ /b/); m.find(); echo 'x'; echo m.group()`,
    says: /NotSerializableException: java\.util\.regex\.Matcher/,
  },
  'a closure in sort': {
    script: `echo([3, 1].sort { a, b -> a <=> b }.toString())`,
    mismatch: /sort/,
  },
  'a step in a method that is not CPS': {
    script: `@NonCPS def f() { echo 'x' }\nf()`,
    mismatch: /echo|f/,
  },
  'a parameter that the step does not have': {
    script: `node { sh(script: 'true', returnStdOut: true) }`,
    says: /unknown parameter 'returnStdOut'/,
  },
  'a step outside node': { script: `sh 'true'`, says: /forgot to surround the step/ },
  'no such step': { script: `nonsense 1`, says: /No such DSL method 'nonsense'/ },
};

/** What Jenkins' sandbox refuses: the right column of the sandbox table. */
const REFUSED = [
  `new File('/etc')`,
  `System.getenv('HOME')`,
  `System.exit(1)`,
  `'id'.execute()`,
  `this.class.classLoader`,
  `evaluate('1')`,
  `new URL('http://x').text`,
  `new URI('http://x')`,
  `Thread.sleep(1)`,
  `new ArrayList()`,
  `new LinkedHashMap()`,
  `new TreeMap([a: 1])`,
  `new RuntimeException('x')`,
  `currentBuild.rawBuild`,
  `java.security.MessageDigest.getInstance('SHA-1')`,
  `new groovy.json.JsonBuilder([:])`,
  `new groovy.json.JsonSlurperClassic()`,
  `[1, 2].withIndex()`,
  `[1, 2].takeWhile { it < 2 }`,
  `java.time.Instant.now()`,
  `'x'.bytes.encodeBase64()`,
  `groovy.json.JsonOutput.toJson([1])`,
  `env.getEnvironment()`,
];

t.test('the engine runs what Jenkins runs, and breaks on what it breaks', JAVA, async (t) => {
  const engine = await GroovyEngine.start();
  t.teardown(() => engine.stop());
  const library = t.testdir(LIBRARY);
  const run = async (order: Pick<BuildOrder, 'script'> & Partial<BuildOrder>) => {
    const folder = mkdtempSync(join(library, 'run-'));
    const build = engine.run({ library, folder, parameters: { REF: 'wip' }, speed: 100, ...order });
    const end = await build.ended;
    return { end, said: build.log.join('\n') };
  };
  const judge = async (t: Test, name: string, each: Case, order: Partial<BuildOrder>) => {
    const { end, said } = await run({ script: each.script, ...order });
    t.match(said, each.says ?? /^Finished/m, name);
    t.equal(end.result, each.result ?? 'SUCCESS', `${name}: result\n${said}`);
    t.strictSame(end.mismatches, [], name);
  };

  for (const [mode, sandbox] of Object.entries(START)) {
    await t.test(`works, ${mode}`, async (t) => {
      const all = Object.entries(WORKS);
      await Promise.all(
        all.map(([name, each]) => judge(t, name, each, { sandbox, strict: mode !== 'plain' })),
      );
    });
  }

  await t.test('fails', async (t) => {
    for (const [name, { script, says, mismatch }] of Object.entries(FAILS)) {
      const { end, said } = await run({ script, sandbox: 'none' });
      if (says !== undefined) t.match(said, says, name);
      if (says !== undefined) t.equal(end.result, 'FAILURE', name);
      if (mismatch !== undefined) t.match(end.mismatches.join(), mismatch, `${name}\n${said}`);
    }
  });

  await t.test('refuses in the sandbox, and only there', async (t) => {
    for (const script of REFUSED) {
      const { said } = await run({ script: `try { ${script} } catch (e) { echo "\${e}" }` });
      t.match(said, /Scripts not permitted to use/, script);
    }
    const { end } = await run({ script: `new File('/etc').name`, sandbox: 'none' });
    t.equal(end.result, 'SUCCESS');
  });
});

t.test('what a build may not do with secrets, and how it may end early', JAVA, async (t) => {
  const engine = await GroovyEngine.start();
  t.teardown(() => engine.stop());
  const library = t.testdir(LIBRARY);
  const folder = testFolder(t);
  const credentials = { key: { secret: 'sesame:1' } };
  const bound = (body: string) =>
    `node { withCredentials([string(credentialsId: 'key', variable: 'KEY')]) { ${body} } }`;

  const masked = engine.run({ library, folder, credentials, script: bound(`sh 'echo "$KEY"'`) });
  t.strictSame((await masked.ended).leaks, []);
  t.match(
    masked.log,
    ['Running on agent-1', 'Masking supported pattern matches of $KEY'].map(
      (l) => new RegExp(l.replace('$', '\\$')),
    ),
  );
  t.notMatch(masked.log.join('\n'), /sesame/);
  const leaking = engine.run({ library, folder, credentials, script: bound('sh "echo ${KEY}"') });
  t.match((await leaking.ended).leaks, [/key in a script of sh/]);

  const stopped = engine.run({
    library,
    folder,
    script: `
      try { parallel(a: { node { sh 'sleep 3600' } }, b: { node('never') { } }) }
      catch (e) { echo "ended by \${e.causes[0].shortDescription}"; throw e }
      finally { node { sh 'echo cleaned' } }`,
    absentLabels: ['never'],
  });
  const begun: string[] = [];
  stopped.watch((event) => {
    if (event.event !== 'step' || !['sh', 'node'].includes(event.name)) return;
    if (begun.push(event.name) === 3) stopped.abort();
  });
  t.equal((await stopped.ended).result, 'ABORTED', stopped.log.join('\n'));
  t.match(stopped.log.join('\n'), /^ended by Aborted by someone$[^]*^cleaned$/m);

  const lost = engine.run({
    library,
    folder,
    script: `
      int tries = 0
      retry(count: 2, conditions: [agent(), nonresumable()]) {
        node { tries++; sh(tries == 1 ? 'echo waiting; sleep 3600' : 'echo second') }
      }`,
  });
  lost.watch((event) => {
    if (event.event === 'log' && event.text === 'waiting') lost.loseAgent('agent-1');
  });
  t.equal((await lost.ended).result, 'SUCCESS', lost.log.join('\n'));
  t.match(
    lost.log.join('\n'),
    /^Running on agent-1[^]*^Retrying$[^]*^Running on agent-2[^]*^second$/m,
  );
});
