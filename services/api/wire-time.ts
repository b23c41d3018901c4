/** A time as the original writes it (Python's `str(datetime)`, naive UTC): its clients parse that. */
export function naiveTime(rfc3339: string): string {
  const [date, time] = rfc3339.replace('Z', '').split('T');
  const [seconds, fraction = ''] = (time ?? '').split('.');
  return `${date ?? ''} ${seconds ?? ''}.${fraction.padEnd(6, '0')}`;
}

/** "38 seconds ago", as the original's listings say, but right for days too. */
export function ago(rfc3339: string, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(rfc3339)) / 1000));
  const parts: string[] = [];
  let rest = seconds;
  for (const [unit, length] of [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ] as const) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? '' : 's'}`);
  }
  return `${parts.length === 0 ? '0 seconds' : parts.join(', ')} ago`;
}
