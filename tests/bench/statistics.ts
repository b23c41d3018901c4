import type { Finding } from './row.ts';

/** The middle of the values, so that one disturbed run does not decide. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the given share of the values lies, interpolated between neighbours. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  if (below === undefined || above === undefined) throw new RangeError('no values');
  return below + (above - below) * (at - Math.floor(at));
}

/** Seconds in the unit that one reads at a glance. */
export function duration(seconds: number): string {
  if (seconds >= 100) return `${seconds.toFixed(0)} s`;
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  const milliseconds = seconds * 1000;
  return `${milliseconds.toFixed(milliseconds < 100 ? 1 : 0)} ms`;
}

/** Three significant digits with thousands marked. */
export function count(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value >= 10 ? 1 : 2);
}

export function megabytes(bytes: number): string {
  return `${count(bytes / 1e6)} MB`;
}

/** The middle of several runs with its spread. */
export function spread(values: readonly number[], print: (value: number) => string): string {
  return `${print(median(values))} (${print(Math.min(...values))}–${print(Math.max(...values))})`;
}

/**
 * Our seconds beside another's, as one line of the table; the ratio is the middle of the ratios of
 * each pair of runs. `times` is how much quicker we want to be.
 */
export function compared(options: {
  readonly what: string;
  readonly ours: readonly number[];
  readonly beside: readonly number[];
  readonly name: string;
  readonly times: number | null;
}): Finding {
  const { what, ours, beside, name, times } = options;
  const ratio = median(ours.map((seconds, run) => (beside[run] ?? Number.NaN) / seconds));
  return {
    what,
    ours: spread(ours, duration),
    beside: `${name}: ${spread(beside, duration)}`,
    ratio: `${count(ratio)}×`,
    target: times === null ? null : `≥ ${count(times)}×`,
    reached: times === null ? null : ratio >= times,
  };
}
