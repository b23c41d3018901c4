import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { uploadToChacra } from '../../../jenkins-shared-lib/catalogue/upload-to-chacra.ts';
import { CHACRACTL, chacractlHome } from '../../fixtures/chacractl.ts';
import { bodyEnvironment, bodyOf } from '../../fixtures/step-body.ts';
import { interleaved } from '../pairs.ts';
import type { Bench, Finding, Row } from '../row.ts';
import { runTool, timed } from '../run-tool.ts';
import { startServer } from '../server.ts';
import type { Server } from '../server.ts';
import { count, median, spread } from '../statistics.ts';
import { curlUpload } from '../tools/curl.ts';

const SMALL_BYTES = 2_000;
const TIMES_CHACRACTL = 10;
const SHARE_OF_CURL = 0.95;

/** The shell body of `uploadToChacra` beside the original's client and beside a bare curl, on one server. */
export const uploadStep: Row = {
  name: 'upload-step',
  needs: [
    ['dash', 'dash'],
    ['curl', 'curl'],
    [CHACRACTL[0], CHACRACTL[1]],
  ],
  async run(bench): Promise<Finding[]> {
    const server = await startServer({ folder: bench.folder('upload-step'), signing: null });
    try {
      return [await smallFiles(bench, server), await largeFile(bench)];
    } finally {
      await server.stop();
      bench.folder('upload-step');
    }
  },
};

async function smallFiles(bench: Bench, server: Server): Promise<Finding> {
  const many = bench.quick ? 500 : 2_000;
  const few = bench.quick ? 50 : 200;
  const [user = '', key = ''] = server.credentials.split(':');
  const rates = await interleaved(
    bench,
    {
      ours: async (round) => {
        const folder = filled(bench, `ours-${round}`, many);
        const seconds = await timed(() => step(server, folder, `small${round}`));
        return many / seconds;
      },
      chacractl: async (round) => {
        const folder = filled(bench, `theirs-${round}`, few);
        const home = chacractlHome(folder, { url: server.url, user, key });
        const names = Array.from({ length: few }, (_none, at) => `f${at}\n`).join('');
        const place = `bench/main/theirs${round}/debian/bookworm/x86_64`;
        const seconds = await timed(async () => {
          const { status, output } = await home.fed(names, 'binary', 'create', place);
          if (status !== 0) throw new Error(output);
        });
        return few / seconds;
      },
    },
    (rate) => `${count(rate)}/s`,
  );
  const ratio = median(rates.ours.map((rate, run) => rate / (rates.chacractl[run] ?? Number.NaN)));
  const print = (rate: number) => `${count(rate)} files/s`;
  return {
    what: `\`uploadToChacra\`, ${count(many)} files of 2 kB`,
    ours: spread(rates.ours, print),
    beside: `chacractl 0.0.25, ${few} of them: ${spread(rates.chacractl, print)}`,
    ratio: `${count(ratio)}×`,
    target: `≥ ${TIMES_CHACRACTL}×`,
    reached: ratio >= TIMES_CHACRACTL,
  };
}

async function largeFile(bench: Bench): Promise<Finding> {
  const size = bench.quick ? 200_000_000 : 1_000_000_000;
  const chunk = randomBytes(1_000_000);
  const write = (name: string, round: number) => {
    const folder = bench.folder(`${name}-${round}`);
    chunk.writeUInt32LE(round * 2 + (name === 'curl' ? 1 : 0));
    writeFileSync(join(folder, 'large.iso'), Buffer.concat(Array<Buffer>(size / 1e6).fill(chunk)));
    return folder;
  };
  const rates = await interleaved(
    bench,
    {
      ours: async (round) => {
        const folder = write('ours', round);
        const sending = (server: Server) => timed(() => step(server, folder, `large${round}`));
        const seconds = await onNewServer(bench, sending);
        bench.folder(`ours-${round}`);
        return size / seconds;
      },
      curl: async (round) => {
        const folder = write('curl', round);
        const file = { name: 'large.iso', path: join(folder, 'large.iso'), size };
        const place = `binaries/bench/main/curl${round}/debian/bookworm/x86_64/`;
        const seconds = await onNewServer(bench, ({ url, credentials }) =>
          timed(() => curlUpload([file], () => `${url}${place}large.iso`, credentials)),
        );
        bench.folder(`curl-${round}`);
        return size / seconds;
      },
    },
    (rate) => `${count(rate / 1e6)} MB/s`,
  );
  const ratio = median(rates.ours.map((rate, run) => rate / (rates.curl[run] ?? Number.NaN)));
  const print = (rate: number) => `${count(rate / 1e6)} MB/s`;
  return {
    what: `\`uploadToChacra\`, one file of ${count(size / 1e6)} MB, its sha256 compared`,
    ours: spread(rates.ours, print),
    beside: `\`curl -T\`, nothing compared: ${spread(rates.curl, print)}`,
    ratio: ratio.toFixed(2),
    target: `≥ ${SHARE_OF_CURL}`,
    reached: ratio >= SHARE_OF_CURL,
  };
}

/** A server of its own for each run: what ten of them take in would not fit into the memory of many machines. */
async function onNewServer<T>(bench: Bench, work: (server: Server) => Promise<T>): Promise<T> {
  const server = await startServer({ folder: bench.folder('upload-large'), signing: null });
  try {
    return await work(server);
  } finally {
    await server.stop();
    bench.folder('upload-large');
  }
}

/** A folder with small files that no other has. */
function filled(bench: Bench, name: string, files: number): string {
  const folder = join(bench.folder(name), 'files');
  mkdirSync(folder);
  for (let at = 0; at < files; at += 1)
    writeFileSync(join(folder, `f${at}`), randomBytes(SMALL_BYTES));
  return folder;
}

async function step(server: Server, folder: string, sha1: string): Promise<void> {
  const [user = '', key = ''] = server.credentials.split(':');
  const args = {
    ...{ project: 'bench', ref: 'main', sha1, distro: 'debian', distroVersion: 'bookworm' },
    ...{ arch: 'x86_64', chacra: server.url, files: '*' },
  };
  // Bare, without what records its calls of curl for the tests.
  const script = `${folder}.sh`;
  writeFileSync(script, bodyOf(uploadToChacra));
  const env = bodyEnvironment(uploadToChacra, args, { user, key });
  await runTool('dash', [script], { cwd: folder, env });
  rmSync(script);
}
