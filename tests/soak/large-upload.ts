import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { Client } from '../bench/client.ts';
import { smallDeb } from '../bench/corpus/debs.ts';
import { readAsApt } from '../bench/readers.ts';
import { startServer } from '../bench/server.ts';
import { megabytes } from '../bench/statistics.ts';
import { debTarget, publishedPath } from '../bench/target.ts';
import { Violation } from './soak.ts';
import type { Soak } from './soak.ts';

const MOST_MEMORY = 150e6;
const CHUNK = 1 << 20;
const HEADER = 60;

/** One deb of many GiB in, published and out again, made and read as streams; the server must stay small. */
export async function largeUpload(soak: Soak, gibibytes: number): Promise<void> {
  const server = await startServer({ folder: soak.folder('large'), signing: 'ed25519' });
  const client = new Client(server);
  const target = debTarget('1a');
  try {
    const deb = largeDeb(gibibytes * 2 ** 30, (sent) => {
      if (sent % 2 ** 30 === 0) {
        soak.say(`  sent ${sent / 2 ** 30} GiB, memory ${megabytes(server.memory().now)}`);
      }
    });
    await client.upload(target, 'large_1.0-1_amd64.deb', deb);
    await client.publish(target);
    const [path, sha256] = [...(await readAsApt(client, target))][0] ?? ['', ''];
    if (sha256 !== deb.sha256()) throw new Violation('the index has another sha256 than was sent');
    const url = new URL(publishedPath(target) + path, server.url);
    const back = await digestOf(url);
    if (back !== sha256) throw new Violation('other bytes come back than were sent');
    const { now, peak } = server.memory();
    soak.say(`  memory ${megabytes(now)}, at most ${megabytes(peak)}`);
    if (peak > MOST_MEMORY) throw new Violation(`memory reached ${megabytes(peak)}`);
  } finally {
    client.close();
    await server.stop();
    soak.folder('large');
  }
}

/** A deb with a real control member and a data member that only its length is true of. */
function largeDeb(dataBytes: number, onChunk: (sent: number) => void) {
  const small = Buffer.from(smallDeb('large', '1.0-1', 1));
  const dataAt = small.indexOf('data.tar');
  const head = Buffer.from(small.subarray(0, dataAt + HEADER));
  head.write(String(dataBytes).padEnd(10), dataAt + 48, 'latin1');
  const hash = createHash('sha256').update(head);
  const noise = randomBytes(CHUNK);
  async function* chunks() {
    yield head;
    for (let sent = 0; sent < dataBytes; sent += CHUNK) {
      // A number in each chunk, so that none that is lost or doubled goes unseen.
      const chunk = Buffer.from(noise);
      chunk.writeDoubleBE(sent, 0);
      hash.update(chunk);
      yield chunk;
      onChunk(sent + CHUNK);
      await Promise.resolve();
    }
  }
  let digest: string | null = null;
  const sha256 = () => (digest ??= hash.digest('hex'));
  return { size: head.length + dataBytes, chunks: chunks(), sha256 };
}

function digestOf(url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, (response) => {
      const hash = createHash('sha256');
      response.on('data', (chunk: Buffer) => hash.update(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(hash.digest('hex')));
    });
    asked.on('error', reject);
    asked.end();
  });
}
