import { amount } from '../amounts.ts';
import { oneLine } from '../upload/problem.ts';
import type { DiskUseAnswer, PinAnswer, PlanAnswer, RunAnswer } from './answers.ts';

/** What a dry run found, for people. */
export function planText(plan: PlanAnswer): string {
  const named = (one: PlanAnswer['spared'][number] | PlanAnswer['delete'][number]) =>
    oneLine(`${one.project} ${one.ref} ${one.sha1} ${one.flavor}`);
  const gone = plan.delete.map(
    (one) =>
      `delete ${named(one)}  ${amount(one.freed_bytes)}\n       rule ${one.rule}: ${one.why}`,
  );
  const spared = plan.spared.map(
    (one) => `spare  ${named(one)}\n       ${oneLine(one.held_by)}; else, ${one.why}`,
  );
  const sum = `${plan.delete.length} of ${plan.builds} builds would go and free ${amount(plan.freed_bytes)}; ${plan.spared.length} spared`;
  const rules = plan.rules === 0 ? ['there are no rules (chacra.retention), so nothing goes'] : [];
  return lines([...gone, ...spared, sum, ...rules]);
}

/** How a run went. */
export function runText(run: RunAnswer): string {
  const { state, deleted, planned, spared, freed_bytes: freed, error } = run;
  const held = spared === 0 ? '' : `, ${spared} came into use or were pinned meanwhile`;
  const told = `${state}: ${deleted} of ${planned} builds deleted, ${amount(freed)} freed${held}`;
  return lines([told, ...(error === null ? [] : [oneLine(error)])]);
}

/** One line for each pin. */
export function pinsText(pins: readonly PinAnswer[]): string {
  if (pins.length === 0) return lines(['nothing is pinned']);
  return lines(
    pins.map(({ project, ref, sha1, until, by, reason, present }) => {
      const gone = present ? '' : '  (nothing of it is here any more)';
      return oneLine(
        `${project} ${ref} ${sha1}  until ${until ?? 'removed'}, by ${by}: ${reason}${gone}`,
      );
    }),
  );
}

/** A table of projects and refs, what frees most first. */
export function diskUseText({ free_bytes: free, total, projects }: DiskUseAnswer): string {
  type Use = DiskUseAnswer['total'];
  const row = (name: string, use: Use) =>
    [
      String(use.sha1s).padStart(7),
      String(use.binaries).padStart(9),
      ...[use.bytes, use.stored_bytes, use.exclusive_bytes].map((bytes) =>
        amount(bytes).padStart(10),
      ),
      ` ${oneLine(name)}`,
    ].join(' ');
  const byExclusive = (a: Use, b: Use) => b.exclusive_bytes - a.exclusive_bytes;
  const rows = [...projects]
    .sort(byExclusive)
    .flatMap((project) => [
      row(project.project, project),
      ...[...project.refs].sort(byExclusive).map((ref) => row(`  ${ref.ref}`, ref)),
    ]);
  const head = '  sha1s  binaries      bytes     stored  exclusive  project and ref';
  return lines([head, ...rows, row('in all', total), `${amount(free)} are free`]);
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
