import { basename } from 'node:path';
import { amount } from '../amounts.ts';
import { oneLine } from './problem.ts';
import type { Trouble } from './problem.ts';
import type { FileResult, Outcome } from './send-files.ts';
import type { RepoState } from './storage-node.ts';

const OUTCOMES: readonly Outcome[] = ['uploaded', 'attached', 'already there', 'failed'];

/** Everything that is known when an upload has ended. */
export interface UploadReport {
  readonly node: string;
  readonly repoUrl: string;
  readonly results: readonly FileResult[];
  readonly sentBytes: number;
  readonly seconds: number;
  /** Null when nothing was asked of it. */
  readonly repo: RepoState | null;
  /** What kept it from being published. */
  readonly trouble: Trouble | null;
}

/** Whether all files are there, and published where that was wished. */
export function isSuccess({ results, trouble }: UploadReport): boolean {
  return trouble === null && results.every(({ outcome }) => outcome !== 'failed');
}

/** The table that ends an upload, for people. */
export function reportText(report: UploadReport): string {
  const { results, sentBytes, seconds, repo, repoUrl, trouble } = report;
  const rows = OUTCOMES.map((outcome) => {
    const { files, bytes } = countOf(results, outcome);
    return `${outcome.padEnd(14)}${String(files).padStart(7)} files${amount(bytes).padStart(12)}`;
  });
  const rate = `${amount(sentBytes / Math.max(seconds, 0.001))}/s`;
  const lines = [
    ...rows,
    `sent ${amount(sentBytes)} in ${seconds.toFixed(1)} s, ${rate}`,
    `repository ${repoUrl}${repo === null ? '' : `: ${repo.status}`}`,
    ...(repo?.status === 'ready' ? [`published  ${oneLine(repo.url)}`] : []),
    ...(trouble === null ? [] : [troubleText(trouble)]),
  ];
  return `${lines.join('\n')}\n`;
}

/** An error in one paragraph. */
export function troubleText({ message, advice }: Trouble): string {
  return advice === null ? message : `${message}\n${advice}`;
}

/** The same as one document, for scripts: in snake_case, as everything that gitbuilder answers. */
export function reportJson(report: UploadReport): string {
  const { node, repoUrl, results, sentBytes, seconds, repo, trouble } = report;
  const document = {
    ok: isSuccess(report),
    node,
    chacra_url: repoUrl,
    summary: {
      ...Object.fromEntries(
        OUTCOMES.map((outcome) => [snake(outcome), countOf(results, outcome)] as const),
      ),
      sent_bytes: sentBytes,
      seconds,
      bytes_per_second: Math.round(sentBytes / Math.max(seconds, 0.001)),
    },
    files: results.map(({ path, outcome, size, sha256, error }) => ({
      path,
      name: basename(path),
      outcome: snake(outcome),
      size,
      sha256,
      error,
    })),
    repo:
      repo === null
        ? null
        : {
            status: repo.status,
            reason: repo.reason,
            generation: repo.generation,
            live_generation: repo.liveGeneration,
            url: repo.url,
          },
    error: trouble,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function snake(outcome: Outcome): string {
  return outcome.replaceAll(' ', '_');
}

function countOf(
  results: readonly FileResult[],
  wanted: Outcome,
): { readonly files: number; readonly bytes: number } {
  const files = results.filter(({ outcome }) => outcome === wanted);
  return { files: files.length, bytes: files.reduce((sum, { size }) => sum + (size ?? 0), 0) };
}
