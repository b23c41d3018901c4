import type { Clock } from '../../domain/clock.ts';
import { HttpClient } from './http-client.ts';
import { nextNode } from './next-node.ts';
import { troubleOf } from './problem.ts';
import { Progress } from './progress.ts';
import type { Screen } from './progress.ts';
import { publish } from './publish.ts';
import { isSuccess, reportJson, reportText, troubleText } from './report.ts';
import type { UploadReport } from './report.ts';
import { Retries } from './retries.ts';
import { sendFiles } from './send-files.ts';
import { StorageNode } from './storage-node.ts';
import type { UploadFlags, UploadOrder } from './upload-order.ts';

/** Time, the result, and how it comes to that. */
export interface UploadOutlets {
  readonly clock: Clock;
  readonly output: { write(text: string): unknown };
  readonly screen: Screen;
}

/** Brings the files of an order to their node and tells how it went; whether all went well. */
export async function runUpload(
  order: UploadOrder,
  paths: readonly string[],
  flags: UploadFlags,
  around: UploadOutlets,
): Promise<boolean> {
  const { clock, screen, output } = around;
  const progress = new Progress(screen, clock, paths.length);
  const client = new HttpClient({
    authorization: order.authorization,
    connections: flags.parallel,
    clock,
  });
  const retries = new Retries(clock, (reason, pause) => {
    progress.say(`${reason}: again in ${pause} s`);
  });
  try {
    const { server, place } = order;
    const url =
      server.kind === 'chacra'
        ? server.url
        : await nextNode(server.url, place.identity, { client, retries });
    const node = new StorageNode(url, place, client, retries);
    await sendFiles(node, paths, {
      force: flags.force === true,
      parallel: flags.parallel,
      watch: progress,
    });
    const { seconds: took, sentBytes, results } = progress;
    const places = new Map(paths.map((path, index) => [path, index]));
    const report: UploadReport = {
      node: url,
      repoUrl: node.repoUrl,
      results: results.toSorted((a, b) => (places.get(a.path) ?? 0) - (places.get(b.path) ?? 0)),
      sentBytes,
      seconds: took,
      ...(await published(
        node,
        flags,
        results.some(({ outcome }) => outcome === 'failed'),
        clock,
      )),
    };
    progress.clear();
    output.write(flags.json === true ? reportJson(report) : reportText(report));
    return isSuccess(report);
  } catch (cause) {
    // Before the first file: no node, no way to shaman.
    progress.clear();
    const trouble = troubleOf(cause);
    if (flags.json === true)
      output.write(`${JSON.stringify({ ok: false, error: trouble }, null, 2)}\n`);
    screen.write(`gitbuilder: ${troubleText(trouble)}\n`);
    return false;
  } finally {
    client.close();
  }
}

async function published(
  node: StorageNode,
  { update = false, wait = null }: { readonly update?: boolean; readonly wait?: number | null },
  hasFailed: boolean,
  clock: Clock,
): Promise<Pick<UploadReport, 'repo' | 'trouble'>> {
  if (!update && wait === null) return { repo: null, trouble: null };
  if (hasFailed) {
    const message = 'not published, because not all files are there';
    return {
      repo: null,
      trouble: { message, advice: 'Run the same command again: what is there is not sent again.' },
    };
  }
  try {
    return { repo: await publish(node, { update, waitSeconds: wait }, clock), trouble: null };
  } catch (cause) {
    return { repo: null, trouble: troubleOf(cause) };
  }
}
