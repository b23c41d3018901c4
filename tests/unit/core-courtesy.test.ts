import t from 'tap';
import { CoreCourtesy } from '../../services/adapters/core-courtesy.ts';

const MIB = 1024 * 1024;

t.test('a thread that others kept waiting for a core pauses, and no other does', async (t) => {
  let waited = 1_000_000_000;
  let pauses = 0;
  const pause = () => {
    pauses += 1;
    // As when the cores are still busy at the end of it.
    waited += 5_000_000;
    return Promise.resolve();
  };
  const courtesy = new CoreCourtesy(() => waited, pause);
  await courtesy.after(MIB);
  waited += 20_000;
  await courtesy.after(MIB);
  t.equal(pauses, 0, 'it takes a moment to be put on a core that is free');
  waited += 2_000_000;
  for (let piece = 0; piece < 3; piece += 1) await courtesy.after(MIB / 4);
  t.equal(pauses, 0, 'small pieces are looked at together');
  await courtesy.after(MIB);
  t.equal(pauses, 1);
  await courtesy.after(MIB);
  t.equal(pauses, 1, 'each wait is paid for once');
  courtesy.isSuspended = true;
  waited += 2_000_000;
  await courtesy.after(MIB);
  t.equal(pauses, 1, 'not while somebody waits for it');
  courtesy.isSuspended = false;
  waited += 2_000_000;
  await courtesy.after(MIB);
  t.equal(pauses, 2);
});

t.test('where nobody counts the waiting, nobody pauses', async (t) => {
  const courtesy = new CoreCourtesy(
    () => 0,
    () => Promise.reject(new Error('no pause is due')),
  );
  await courtesy.after(MIB);
  await courtesy.after(MIB);
  t.pass();
});
