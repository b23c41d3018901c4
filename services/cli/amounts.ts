const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes as people read them, in powers of ten as disks and networks are sold. */
export function amount(bytes: number): string {
  let left = bytes;
  let unit = 0;
  for (; left >= 999.5 && unit < UNITS.length - 1; unit += 1) left /= 1000;
  return `${unit === 0 ? Math.round(left) : left.toFixed(1)} ${UNITS[unit]}`;
}
