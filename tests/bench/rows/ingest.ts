import { Client } from '../client.ts';
import type { Corpus } from '../corpus/corpus.ts';
import { interleaved } from '../pairs.ts';
import type { Bench, Finding, Row } from '../row.ts';
import { runTool, timed } from '../run-tool.ts';
import { warmUp } from '../publishing.ts';
import { startServer } from '../server.ts';
import { duration, median, spread } from '../statistics.ts';
import { binariesPath, debTarget } from '../target.ts';
import { curlUpload } from '../tools/curl.ts';
import { servingFolder, startNginx } from '../tools/nginx.ts';

const SHARE_SHA256 = 0.75;
const SHARE_SHIPPED = 0.55;
const WARM_BYTES = 64 * 1024 * 1024;

/** One curl that uploads a build over one connection, beside nginx that only stores it. */
export const ingest: Row = {
  name: 'ingest',
  needs: [
    ['nginx', 'nginx-light'],
    ['curl', 'curl'],
    ['openssl', 'openssl'],
  ],
  async run(bench): Promise<Finding[]> {
    const debs = await bench.debs();
    const { nginx, hashed, sha256, shipped } = await interleaved(bench, {
      sha256: () => uploadToOurs(bench, debs, false),
      nginx: () => uploadToNginx(bench, debs, false),
      shipped: () => uploadToOurs(bench, debs, true),
      hashed: () => uploadToNginx(bench, debs, true),
    });
    const perSecond = (seconds: number) => debs.bytes / seconds;
    const rate = (bytes: number) => `${Math.round(bytes / 1e6)} MB/s`;
    const beside = `nginx \`dav_methods PUT\`, no hash: ${spread(nginx.map(perSecond), rate)}; and \`openssl dgst -sha256\` of each after it: ${rate(perSecond(median(hashed)))}`;
    const row = (what: string, ours: readonly number[], share: number): Finding => {
      const ratio = median(ours.map((seconds, run) => (nginx[run] ?? Number.NaN) / seconds));
      return {
        what,
        ours: spread(ours.map(perSecond), rate),
        beside,
        ratio: ratio.toFixed(2),
        target: `≥ ${share}`,
        reached: ratio >= share,
      };
    };
    bench.say(`  ${debs.files.length} files: ${duration(median(sha256))} with sha256`);
    return [
      row('ingest, one stream, with sha256 and header', sha256, SHARE_SHA256),
      row('ingest, one stream, as shipped: sha512 too', shipped, SHARE_SHIPPED),
    ];
  },
};

async function uploadToOurs(bench: Bench, debs: Corpus, sha512: boolean): Promise<number> {
  const server = await startServer({ folder: bench.folder('ingest'), signing: null, sha512 });
  try {
    const url = new URL(binariesPath(debTarget('d0')), server.url);
    const urlOf = ({ name }: { name: string }) => `${url.href}${encodeURIComponent(name)}`;
    await warmUp(server, 'deb');
    const client = new Client(server);
    await client.upload(debTarget('dd'), 'warm', Buffer.alloc(WARM_BYTES));
    client.close();
    return await timed(() => curlUpload(debs.files, urlOf, server.credentials));
  } finally {
    await server.stop();
    bench.folder('ingest');
  }
}

async function uploadToNginx(bench: Bench, debs: Corpus, isHashed: boolean): Promise<number> {
  const root = bench.folder('ingest-nginx-root');
  const nginx = await startNginx(bench.folder('ingest-nginx'), servingFolder(root));
  try {
    const urlOf = ({ name }: { name: string }) => `${nginx.url}${encodeURIComponent(name)}`;
    return await timed(async () => {
      await curlUpload(debs.files, urlOf, null);
      if (isHashed)
        await runTool('openssl', ['dgst', '-sha256', ...debs.files.map(({ path }) => path)]);
    });
  } finally {
    await nginx.stop();
    bench.folder('ingest-nginx-root');
  }
}
