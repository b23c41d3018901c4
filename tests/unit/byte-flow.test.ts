import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { flow } from '../../services/http/byte-flow.ts';

/** Lets everything happen that may happen by itself. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
}

/** A source into which a test puts words, and what was taken of them. */
function wordsOf(take: (word: string) => Promise<void> | null = () => null) {
  const source = new PassThrough();
  const taken: string[] = [];
  const ended = flow(
    source,
    (chunk) => {
      const word = Buffer.from(chunk).toString();
      taken.push(word);
      return take(word);
    },
    (cause) => new Error('broken off', { cause }),
  );
  let outcome = 'open';
  ended.then(
    () => (outcome = 'ended'),
    (cause: Error) => (outcome = cause.message),
  );
  return { source, taken, ended, outcome: () => outcome };
}

/** A promise that a test keeps when it likes. */
function gate() {
  let open: () => void = () => undefined;
  let fail: (cause: Error) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

t.test('nothing is given while the last is still being taken', async (t) => {
  const slow = gate();
  const { source, taken, outcome } = wordsOf((word) => (word === 'b' ? slow.promise : null));
  for (const word of ['a', 'b', 'c', 'd']) source.write(word);
  source.end();
  await settle();
  t.same(taken, ['a', 'b']);
  t.equal(outcome(), 'open');
  slow.open();
  await settle();
  t.equal(taken.join(''), 'abcd');
  t.equal(outcome(), 'ended');
});

t.test('whoever fails is given nothing more, and the rest can be drained', async (t) => {
  const now = (): Promise<void> => {
    throw new Error('refused');
  };
  for (const refuse of [now, () => Promise.reject(new Error('refused'))]) {
    const { source, taken, ended } = wordsOf((word) => (word === 'b' ? refuse() : null));
    for (const word of ['a', 'b', 'c']) source.write(word);
    await t.rejects(ended, { message: 'refused' });
    source.end();
    source.resume();
    await settle();
    t.same(taken, ['a', 'b']);
    t.ok(source.readableEnded);
    t.notOk(source.errored);
  }
});

t.test('what breaks off says so when nothing is being taken any more', async (t) => {
  const broken = (source: PassThrough) => source.destroy(new Error('reset'));
  const closed = (source: PassThrough) => source.destroy();
  for (const end of [broken, closed]) {
    const idle = wordsOf();
    idle.source.write('a');
    await settle();
    end(idle.source);
    await t.rejects(idle.ended, { message: 'broken off' });

    const slow = gate();
    const busy = wordsOf(() => slow.promise);
    busy.source.write('a');
    await settle();
    end(busy.source);
    await settle();
    t.equal(busy.outcome(), 'open', 'its file may be about to be opened');
    slow.open();
    await t.rejects(busy.ended, { message: 'broken off' });

    const both = gate();
    const failing = wordsOf(() => both.promise);
    failing.source.write('a');
    await settle();
    end(failing.source);
    both.fail(new Error('disk full'));
    await t.rejects(failing.ended, { message: 'disk full' });
  }
});

t.test('what was broken before it is wanted is not waited for', async (t) => {
  const source = new PassThrough();
  source.on('error', () => undefined);
  source.destroy(new Error('reset'));
  await settle();
  const taken = flow(
    source,
    () => null,
    (cause) => new Error('broken off', { cause }),
  );
  await t.rejects(taken, { message: 'broken off' });
});
