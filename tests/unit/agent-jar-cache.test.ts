import t from 'tap';
import { AgentJarCache } from '../../node-agent/agent-jar-cache.ts';
import type { FromJenkins } from '../../node-agent/ports.ts';
import type { AgentJar } from '../../node-agent/rules/jenkins-facts.ts';

/** A controller that counts who asks, and may be away. */
class Controller {
  asked = 0;
  isAway = false;

  agentJar(): FromJenkins<AgentJar> {
    this.asked += 1;
    const failure = { kind: 'unreachable', reason: 'no answer' } as const;
    const value = { bytes: Buffer.from(`jar ${this.asked}`), modified: null };
    return Promise.resolve(this.isAway ? { ok: false, failure } : { ok: true, value });
  }
}

const textOf = (jar: Awaited<FromJenkins<AgentJar>>) =>
  jar.ok ? Buffer.from(jar.value.bytes).toString() : jar.failure.kind;

t.test(
  'asks the controller once for each of its versions, also when many ask at once',
  async (t) => {
    const controller = new Controller();
    const cache = new AgentJarCache(controller);
    const jars = await Promise.all(Array.from({ length: 40 }, () => cache.get('2.462.3')));
    t.same(new Set(jars.map(textOf)), new Set(['jar 1']));
    t.equal(textOf(await cache.get(null)), 'jar 1', 'a version that nobody knows is the last one');
    t.equal(textOf(await cache.get('2.479.1')), 'jar 2');
    t.equal(textOf(await cache.get('2.479.1')), 'jar 2');
    t.equal(controller.asked, 2);
  },
);

t.test('keeps no failure', async (t) => {
  const controller = new Controller();
  const cache = new AgentJarCache(controller);
  controller.isAway = true;
  t.equal(textOf(await cache.get('2.462.3')), 'unreachable');
  controller.isAway = false;
  t.equal(textOf(await cache.get('2.462.3')), 'jar 2');
});
