import t from 'tap';
import { JarCache } from '../../node-agent/http/jar-cache.ts';
import type { FromJenkins } from '../../node-agent/ports.ts';
import type { AgentJar } from '../../node-agent/rules/jenkins-facts.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

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

/** A cache, its controller, and the controller's version. */
function someCache() {
  const controller = new Controller();
  const clock = new ManualClock();
  const jenkins = { version: '2.462.3' };
  const cache = new JarCache(controller, clock, () => jenkins.version);
  return { controller, clock, jenkins, cache };
}

t.test(
  'asks the controller once for each of its versions, also when many ask at once',
  async (t) => {
    const { cache, controller, jenkins } = someCache();
    const jars = await Promise.all(Array.from({ length: 40 }, () => cache.get()));
    t.same(new Set(jars.map(textOf)), new Set(['jar 1']));
    t.equal(textOf(await cache.get()), 'jar 1');
    jenkins.version = '2.479.1';
    t.equal(textOf(await cache.get()), 'jar 2');
    t.equal(textOf(await cache.get()), 'jar 2');
    t.equal(controller.asked, 2);
  },
);

t.test('keeps no failure, and the old one while Jenkins is away', async (t) => {
  const { cache, controller, clock } = someCache();
  controller.isAway = true;
  t.equal(textOf(await cache.get()), 'unreachable');
  controller.isAway = false;
  t.equal(textOf(await cache.get()), 'jar 2');
  clock.advance(3_600_000);
  controller.isAway = true;
  t.equal(textOf(await cache.get()), 'jar 2');
  controller.isAway = false;
  t.equal(textOf(await cache.get()), 'jar 4');
});
